"""The proof of what is promised: the real run over a world that fails wherever it can."""

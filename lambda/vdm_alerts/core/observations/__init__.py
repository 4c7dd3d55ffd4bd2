"""What a run knows: answers, verdicts, findings, and figures."""

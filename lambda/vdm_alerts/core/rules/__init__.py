"""The rule language: from TOML text to a rule, or to its errors."""

"""Which notifications are due, and what each contains."""

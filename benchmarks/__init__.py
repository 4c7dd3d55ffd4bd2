"""What is measured: each a script that prints a table or, with --json, the same as JSON."""

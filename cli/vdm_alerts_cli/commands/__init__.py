"""The subcommands of `vdm-alerts`, one module each."""

"""The subcommands of `vdm-alerts`, one module each.

A command imports what does its work when it is invoked: `vdm-alerts --help` loads no AWS SDK.
"""

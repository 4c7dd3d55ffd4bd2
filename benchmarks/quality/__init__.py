"""The quality of alert evaluation, measured on simulated senders."""

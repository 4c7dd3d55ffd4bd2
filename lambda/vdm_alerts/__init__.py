"""Alerts on Amazon SES's Virtual Deliverability Manager: what ships in the function."""

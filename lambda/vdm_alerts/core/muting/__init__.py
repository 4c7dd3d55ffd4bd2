"""Silences and quiet hours, which mute notifications."""

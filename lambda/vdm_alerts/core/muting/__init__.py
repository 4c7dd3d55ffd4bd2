"""What mutes notifications: silences and quiet hours."""

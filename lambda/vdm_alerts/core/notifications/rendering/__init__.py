"""The text of a notification, one module per format."""

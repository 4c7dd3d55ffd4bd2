"""Lambda handlers, one module per function: each calls a use case for an event."""

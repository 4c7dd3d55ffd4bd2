"""One module per Lambda function: an event becomes a call of a use case."""

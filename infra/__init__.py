"""What `cdk deploy` puts into an account; `stack.py` says what there is."""

"""CDK constructs of the deployment; `stack.py` composes them."""

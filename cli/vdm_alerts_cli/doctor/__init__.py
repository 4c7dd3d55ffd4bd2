"""`vdm-alerts doctor`: checks of an account, one module for each topic."""

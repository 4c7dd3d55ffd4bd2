"""Fuzzing: hostile inputs of every kind that the product reads from outside.

`make fuzz` generates a million inputs. `test_fuzzing.py` generates a few of them in every test run,
and repeats every input that ever failed.
"""

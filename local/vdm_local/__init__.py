"""An AWS account on this machine, for the demo, tests and development.

It consists of ministack and a strict SES VDM whose data comes from a scenario. Nothing of it ships.
"""

"""An AWS account on this machine: a strict SES VDM that follows a script, and AWS around it.

Nothing here ships: it stands in for AWS in the demo, in the tests and on a developer's desk.
"""

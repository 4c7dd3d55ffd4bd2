"""The code of the Lambda function: alerts on SES Virtual Deliverability Manager data."""

"""The content of a notification in each format.

`message` combines the formats into one SNS message:

* `email` has the sentences about one incident, `digest` those about several incidents, and
  `service` those about findings. `subjects` has the subject lines, `remediation` the next steps.
* `amazon_q` is the JSON that Amazon Q shows in Slack or Microsoft Teams. Its text consists of the
  same sentences.
* `payload` is the JSON for machines.
* A text message is the subject line alone.

To add a receiver, subscribe it to the SNS topic, and let it render the JSON payload. Message
attributes let it filter by severity or rule. The function needs no change.
"""

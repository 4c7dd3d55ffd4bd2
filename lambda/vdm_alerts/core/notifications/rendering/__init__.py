"""The content of a notification in each format.

`message` combines the formats into one SNS message.

* `incident`, `digest` and `service` say what a notification contains, as `content.Content`. They
  use `subjects` for the headline, `opening` for the first sentences, `sentences` for figures, and
  `trend`, `steps`, `commands` and `links`.
* `plain_text` is the email, `amazon_q` the JSON that Amazon Q shows in Slack or Microsoft Teams,
  and `payload` the JSON for machines. A text message is the headline alone.

To add a receiver, subscribe it to the SNS topic, and let it render the JSON payload. Message
attributes let it filter by severity or rule. The function needs no change.
"""

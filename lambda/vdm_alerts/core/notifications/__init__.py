"""Which notifications are due, and what each contains.

`grouping` assigns alerts to incidents. `reasons` decides whether an alert or a reminder is due.
`incidents` applies the reasons to each incident, and `service_notification` decides about findings.
`due` combines them into the notifications of one run. `rendering` turns each into a message, and
`delivery` says what is stored of it before and after it is published.
"""

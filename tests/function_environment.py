"""The environment variables of the deployed function, with a value that each accepts."""

ENVIRONMENT = {
    "VDM_ALERTS_ACCOUNT": "111122223333",
    "VDM_ALERTS_REGION": "eu-west-1",
    "VDM_ALERTS_TABLE": "memory",
    "VDM_ALERTS_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts",
    "VDM_ALERTS_RULES_PATH": "/vdm-alerts/rules",
    "VDM_ALERTS_SILENCES_PATH": "/vdm-alerts/silences",
    "VDM_ALERTS_DEFAULT_RULES": "bounce-rate=0123456789ab",
    "VDM_ALERTS_SERVICE": "vdm-alerts",
    "VDM_ALERTS_QUOTA_SHARE": "0.97",
    "VDM_ALERTS_QUERIES_PER_DAY": "unlimited",
    "VDM_ALERTS_INCLUDE_TODAY": "true",
    "VDM_ALERTS_MASK_ADDRESSES": "true",
    "VDM_ALERTS_QUIET_HOURS": "none",
    "VDM_ALERTS_NO_EMAIL_AFTER": "7d",
    "VDM_ALERTS_RUNBOOK_URL": "none",
}

"""An STS in memory, for the roles that the hub of a fleet assumes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from builders import NOW

LIFETIME = timedelta(hours=1)


@dataclass
class Sts:
    """An STS whose credentials name their role and their number, and expire after an hour."""

    now: datetime = NOW
    requests: list[dict[str, str]] = field(default_factory=list)
    error: Exception | None = None

    def assume_role(self, **request: str) -> dict[str, Any]:
        self.requests.append(request)
        if self.error:
            raise self.error
        key = f"AKIA{request['RoleArn'].split(':')[4]}{len(self.requests)}"
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": f"secret of {key}",
                "SessionToken": f"token of {key}",
                "Expiration": self.now + LIFETIME,
            }
        }


def denial() -> ClientError:
    return sts_error("AccessDenied", "is not authorized to perform: sts:AssumeRole")


def sts_error(code: str, message: str = "a reason") -> ClientError:
    error = {"Code": code, "Message": message}
    return ClientError({"Error": error}, "AssumeRole")  # type: ignore[typeddict-item]

"""Fleet files that commands read."""

from vdm_alerts.core.fleet.document import InvalidFleetError, parse_fleet
from vdm_alerts.core.fleet.fleet import Fleet
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.files import read_document


def read_fleet(path: str) -> Fleet:
    """Return the fleet of the file at *path*, or of standard input if that is "-".

    Raises InvalidInputError with every error in it, and UnreadableFileError.
    """
    try:
        return parse_fleet(read_document(path), path)
    except InvalidFleetError as error:
        raise InvalidInputError(str(error)) from error

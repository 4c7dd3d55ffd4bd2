"""Sessions of botocore, and what all sessions of a process share."""

import logging
from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import Loader, create_loader

from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps


def core_session() -> Any:  # noqa: ANN401 - its clients have the type of their service
    """Return a session of botocore whose clients are small, fast, regional and log no secret.

    All sessions share the descriptions of the services, which are about 10 MB for SES and
    CloudWatch. Timestamps are parsed with a cache. STS is called in the Region, which old versions
    of botocore do not do by default. At the level DEBUG, which Lambda can set for all packages,
    botocore would log each request with its token, and the response of STS with its credentials.
    """
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    session.set_config_variable("sts_regional_endpoints", "regional")
    use_fast_timestamps(session)
    logging.getLogger("botocore").setLevel(logging.INFO)
    return session


@cache
def _loader() -> Loader:
    return create_loader()

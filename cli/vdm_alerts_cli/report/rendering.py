"""Pages as HTML: one file without external references.

The page has one style and one script inside, and its Content Security Policy allows nothing else.
Everything is readable without the script, which adds sorting and filtering.
"""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vdm_alerts.core.model.rates import Gap, Rate, percent
from vdm_alerts.core.model.timefmt import format_duration
from vdm_alerts_cli.output import show_time
from vdm_alerts_cli.report import chart
from vdm_alerts_cli.report.page import AlertSpan, Page
from vdm_alerts_cli.report.shapes import describe
from vdm_alerts_cli.report.sparkline import sparkline

TEMPLATES = Path(__file__).parent / "templates"
DATA_ID = "vdm-alerts-data"
"""The id of the element with the data of the page, which is a JSON document."""


def render_page(page: Page) -> str:
    """Return *page* as an HTML document."""
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(TEMPLATES, "utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = _asset("page.css"), _asset("page.js")
    environment.filters |= {
        "kind_of": lambda value: type(value).__name__,
        "percent": percent,
        "time": lambda time: show_time(time, page.time_zone),
        "duration": _duration,
        "describe": describe,
        "shapes": chart.ChartShapes,
        "sparkline": sparkline,
        "is_rate": lambda rate: isinstance(rate, Rate),
        "is_gap": lambda rate: isinstance(rate, Gap),
    }
    return environment.get_template("page.html").render(
        page=page,
        style=style,
        script=script,
        policy="; ".join(
            (
                "default-src 'none'",
                f"style-src '{_hash_source(style)}'",
                f"script-src '{_hash_source(script)}'",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
        data_id=DATA_ID,
        plot_height=chart.PLOT_HEIGHT,
        volume_height=chart.VOLUME_HEIGHT,
    )


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8").strip()


def _hash_source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _duration(alert: AlertSpan) -> str:
    """Return how long *alert* lasted; empty if that is unknown."""
    if alert.start is None or alert.end is None:
        return ""
    return format_duration(alert.end - alert.start)

"""Chromium without a window, as a test uses it: it speaks its DevTools protocol over a pipe.

Protocol: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--remote-debugging-pipe",
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""The path of the browser; None if there is none on the path."""


class BrowserError(Exception):
    """The browser did not do what it was asked to."""


@dataclass
class Tab:
    """A tab of the browser."""

    requests: BinaryIO
    responses: BinaryIO
    session: str | None = None
    problems: list[str] = field(default_factory=list)
    """Errors of scripts, messages on the console, and violations of the security policy."""
    requested: list[str] = field(default_factory=list)
    """The address of every request."""
    _events: list[str] = field(default_factory=list)
    _last_id: int = 0

    def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Call *method* of the protocol. Raises BrowserError."""
        self._last_id += 1
        request = {"id": self._last_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.requests.write(json.dumps(request).encode() + b"\0")
        self.requests.flush()
        while (message := self._receive()).get("id") != self._last_id:
            pass
        if "error" in message:
            raise BrowserError(f"{method}: {message['error']}")
        result: Mapping[str, Any] = message["result"]
        return result

    def open(self, path: Path, *, with_scripts: bool = True) -> None:
        """Open the page in the file at *path*."""
        self.problems.clear()
        self._events.clear()
        self.call("Emulation.setScriptExecutionDisabled", value=not with_scripts)
        self.call("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in self._events:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript *expression*. Raises BrowserError."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in done:
            raise BrowserError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def resize(self, width: int, height: int = 900, *, scheme: str = "light") -> None:
        """Set the size of the window, and the color scheme that its user prefers."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page to *path*."""
        done = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(done["data"]))

    def print_to(self, path: Path) -> None:
        """Print the page to a PDF file at *path*."""
        done = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        path.write_bytes(base64.b64decode(done["data"]))

    def _receive(self) -> dict[str, Any]:
        """Return the next message. Raises BrowserError if the browser has ended."""
        text = bytearray()
        while (byte := self.responses.read(1)) != b"\0":
            if not byte:
                raise BrowserError("the browser has ended")
            text += byte
        message: dict[str, Any] = json.loads(text)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Log.entryAdded":
                self.problems.append(str(parameters["entry"]["text"]))
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                self.problems.append(json.dumps(parameters))
            case "Network.requestWillBeSent":
                self.requested.append(str(parameters["request"]["url"]))
            case str(method):
                self._events.append(method)
            case _:
                pass
        return message


@contextmanager
def browser_tab(profile: Path) -> Iterator[Tab]:
    """Yield a tab of a new browser, whose profile is in the empty folder *profile*."""
    from_tab, to_browser = os.pipe()
    from_browser, to_tab = os.pipe()
    # The browser reads from the file descriptor 3 and writes to 4. Other shells know 0 to 9 only.
    command = f'exec "$@" 3<&{from_tab} 4>&{to_tab}'
    browser = subprocess.Popen(
        ["bash", "-c", command, "bash", str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(from_tab, to_tab),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_tab)
    os.close(to_tab)
    with os.fdopen(to_browser, "wb") as requests, os.fdopen(from_browser, "rb") as responses:
        tab = Tab(requests, responses)
        try:
            target = tab.call("Target.createTarget", url="about:blank")["targetId"]
            attached = tab.call("Target.attachToTarget", targetId=target, flatten=True)
            tab.session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                tab.call(f"{domain}.enable")
            yield tab
        finally:
            browser.terminate()
            browser.wait()

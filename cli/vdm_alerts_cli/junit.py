"""Results of scenarios as JUnit XML, which CI systems show as tests.

The format has no standard. This is what the common readers agree on:
https://github.com/testmoapp/junitxml. The standard library writes these few elements.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vdm_alerts_cli.escaping import escape_lines
from vdm_alerts_cli.simulated_run import ScenarioResult, SimulatedRun, difference


def junit_xml(results: Sequence[ScenarioResult]) -> str:
    """Return *results* as JUnit XML: a test suite for each scenario, a test for each run.

    A scenario without expectations is one skipped test, and an invalid one is one error.
    """
    root = Element("testsuites", name="vdm-alerts simulate")
    for result in results:
        root.append(_suite(result))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'


def _suite(result: ScenarioResult) -> Element:
    path, unexpected = escape_lines(str(result.path)), result.unexpected
    suite = Element("testsuite", name=path)
    if result.error:
        case = SubElement(suite, "testcase", name="scenario is valid", classname=path)
        _describe(SubElement(case, "error"), result.error)
    elif not result.has_expectations:
        case = SubElement(suite, "testcase", name="expectations", classname=path)
        SubElement(case, "skipped", message="no run has the key expects")
    else:
        for run in result.runs:
            name = escape_lines(f"{run.run.at:%Y-%m-%d %H:%M} {run.run.story}".strip())
            case = SubElement(suite, "testcase", name=name, classname=path)
            if run in unexpected:
                _describe(SubElement(case, "failure"), _failure(run))
    suite.attrib |= {
        "tests": str(len(suite)),
        "failures": str(len(unexpected)),
        "errors": str(int(bool(result.error))),
        "skipped": str(len(suite.findall("testcase/skipped"))),
        "time": f"{result.seconds:.3f}",
    }
    return suite


def _failure(run: SimulatedRun) -> str:
    """Return how the notifications of *run* differ, and the subjects of those that it sent."""
    return "\n".join([difference(run), *(message.subject for message in run.messages)])


def _describe(element: Element, text: str) -> None:
    """Give *element* a message, the first line of *text*, and all of *text* as its content."""
    element.text = escape_lines(text)
    element.set("message", element.text.partition("\n")[0])

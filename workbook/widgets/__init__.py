"""ipywidgets views over the floors below; each has a plain fallback and no logic of its own."""

from workbook.widgets.failures_browser import failures
from workbook.widgets.live import watched
from workbook.widgets.panels import settings_panel
from workbook.widgets.planner import planner
from workbook.widgets.playgrounds import (
    EXAMPLES,
    Reply,
    pieces,
    playground,
    playground_of_two,
    side_by_side,
    stream,
)
from workbook.widgets.tokens import Tokens

__all__ = [
    "EXAMPLES",
    "Reply",
    "Tokens",
    "failures",
    "pieces",
    "planner",
    "playground",
    "playground_of_two",
    "settings_panel",
    "side_by_side",
    "stream",
    "watched",
]

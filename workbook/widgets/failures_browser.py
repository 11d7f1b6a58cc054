"""Page through the answers of a run that were wrong."""

import json
from html import escape

import ipywidgets as widgets

from workbook.evaluate import report
from workbook.evaluate.runner import Answer, Run

SHOWN = 10
"""Rows of the table that stands in where widgets do not show."""

_TEXT = (
    "white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; max-height: 18em; overflow: auto"
)


class FailuresBrowser(widgets.VBox):
    """What `failures` gives. Where no widget is shown (a stored notebook, a terminal) it is the
    table of the first failures."""

    def __init__(self, run: Run) -> None:
        self.questions = {question.id: question for question in run.questions}
        self.wrong = [answer for answer in run.answers if not answer.right]
        self.total = len(run.answers)
        self._table = report.failures(run, limit=SHOWN)
        self.chooser = widgets.Dropdown(options=self._families(), description="Family")
        self.items = widgets.Select(rows=6, description="Answer", layout={"width": "24em"})
        self.previous = widgets.Button(description="Previous", icon="chevron-left")
        self.following = widgets.Button(description="Next", icon="chevron-right")
        self.place, self.details = widgets.Label(), widgets.HTML(layout={"width": "auto"})
        self.chooser.observe(self._filter, names="value")
        self.items.observe(self._show, names="value")
        self.previous.on_click(lambda _: self._move(-1))
        self.following.on_click(lambda _: self._move(1))
        buttons = widgets.HBox([self.previous, self.following, self.place])
        choice = widgets.VBox([self.chooser, self.items, buttons])
        super().__init__([choice, self.details] if self.wrong else [self.place])
        self._filter()

    def _families(self) -> list[tuple[str, str]]:
        names = dict.fromkeys(answer.family for answer in self.wrong)
        counted = [(f"{name} ({self._count(name)})", name) for name in names]
        return [(f"all ({len(self.wrong)})", ""), *counted]

    def _count(self, family: str) -> int:
        return sum(answer.family == family for answer in self.wrong)

    def _filter(self, _: object = None) -> None:
        family = self.chooser.value
        chosen = [a for a in self.wrong if family in ("", a.family)]
        self.items.options = [(_name(a), a) for a in chosen]
        self.items.index = 0 if chosen else None
        self._show()

    def _move(self, by: int) -> None:
        last = len(self.items.options) - 1
        self.items.index = min(max(self.items.index + by, 0), last)

    def _show(self, _: object = None) -> None:
        index, count = self.items.index, len(self.items.options)
        if index is None:
            self.place.value = f"None of the {self.total} answers is wrong."
            return
        self.place.value = f"{index + 1} of {count}"
        self.previous.disabled, self.following.disabled = index == 0, index == count - 1
        self.details.value = _html(self._rows(self.items.value))

    def _rows(self, answer: Answer) -> dict[str, str]:
        question = self.questions[answer.id]
        rows = {
            "Question": question.prompt,
            "Expected": _text(question.expected),
            "Answer": answer.text,
            "Calls": _text(answer.tool_calls) if answer.tool_calls else "",
            "Why wrong": answer.error or answer.why,
            "Ended": f"{answer.finish_reason}, {answer.completion_tokens} tokens",
        }
        return {name: text for name, text in rows.items() if text or name == "Answer"}

    def __str__(self) -> str:
        return str(self._table) if self._table else self.place.value

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        if self._table:
            bundle["text/html"] = self._table._repr_html_()
        return {**bundle, "text/plain": str(self)}


def failures(run: Run) -> FailuresBrowser:
    """A browser for the wrong answers of a run: choose a family, page with Previous and Next, read
    question, expected answer, answer and reason. `print` it where widgets do not show, or take
    `workbook.evaluate.report.failures(run)`."""
    return FailuresBrowser(run)


def _name(answer: Answer) -> str:
    return f"{answer.id}, sample {answer.sample}" if answer.sample else answer.id


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _html(rows: dict[str, str]) -> str:
    # No colours: those of the page, light or dark, are used.
    cells = "".join(
        f'<tr><th scope="row" style="text-align: left; vertical-align: top; padding-right: 1em; '
        f'white-space: nowrap">{escape(name)}</th>'
        f'<td style="text-align: left"><pre style="{_TEXT}">{escape(text)}</pre></td></tr>'
        for name, text in rows.items()
    )
    return f'<table style="width: 100%; margin-top: 1em"><tbody>{cells}</tbody></table>'

"""A load, watched while it runs: each answer is a dot as soon as it is there."""

import threading
from pathlib import Path

import ipywidgets as widgets

from workbook.bench import records, report, suite
from workbook.bench.records import Record
from workbook.bench.report import Report
from workbook.bench.suite import REQUESTS, Plan

REDRAWN = 1.0
"""Seconds between two looks at the records: whatever is drawn takes time from the engines."""

WIDTH, HEIGHT = 640, 220
LEFT, TOP, BOTTOM = 45, 20, 200
"""Of the picture and of the space that the dots have, in pixels."""

GAP = 0.01
"""Seconds between two loads in the picture."""

COLOURS = ("#3b6ea5", "#c1622d", "#4f8a4c", "#7d5ba6")


def watched(plan: Plan, out: Path | None = None) -> Report:
    """Measure what a plan asks for, as `report.measure` does, and show the latencies on the way.

    Where widgets do not show, `report.measure(plan)` gives the same.
    """
    from IPython.display import display

    out = out or suite.folder()
    view = LiveLatency(out / REQUESTS)
    display(view)
    ended = threading.Event()
    drawing = threading.Thread(target=_draw_until, args=(view, ended), daemon=True)
    drawing.start()
    try:
        return report.measure(plan, out)
    finally:
        ended.set()
        drawing.join()
        view.draw()


def _draw_until(view: "LiveLatency", ended: threading.Event) -> None:
    while not ended.wait(REDRAWN):
        view.draw()


class LiveLatency(widgets.HTML):
    """The E2E latency of each answer in a file of records, over the time of its end."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.draw()

    def draw(self) -> None:
        """Read the file again."""
        found = [r for r in records.read(self.file) if not r.warmup] if self.file.exists() else []
        self.value = svg(found)

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        return {**bundle, "text/plain": "latencies while a load runs (needs JupyterLab)"}


def svg(found: list[Record]) -> str:
    """The picture: time from left to right, E2E upwards, a colour for each runtime."""
    whole = [r for r in found if r.ok]
    if not whole:
        return f'<svg width="{WIDTH}" height="20"><text y="14">no answer yet</text></svg>'
    names = list(dict.fromkeys(r.runtime for r in whole))
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    highest = max(r.e2e for r in whole)
    dots = "".join(
        f'<circle cx="{LEFT + (WIDTH - LEFT - 10) * across:.1f}" '
        f'cy="{BOTTOM - (BOTTOM - TOP) * r.e2e / highest:.1f}" r="2.5" '
        f'fill="{colour[r.runtime]}" fill-opacity="0.7"/>'
        for r, across in zip(whole, _across(whole), strict=True)
    )
    legend = "".join(
        f'<text x="{LEFT + 110 * i}" y="12" font-size="12" fill="{colour[name]}">{name}</text>'
        for i, name in enumerate(names)
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="latency of each answer">'
        f'<path d="M{LEFT} {TOP} V{BOTTOM} H{WIDTH}" stroke="#888" fill="none"/>'
        f'<text x="0" y="{TOP + 4}" font-size="11" fill="#888">{highest * 1000:.0f} ms</text>'
        f'<text x="{WIDTH - 150}" y="{HEIGHT - 5}" font-size="11" fill="#888">'
        f"{len(whole)} answers, in order</text>{legend}{dots}</svg>"
    )


def _across(whole: list[Record]) -> list[float]:
    """Where each answer is between left (0) and right (1). Each load has a clock of its own: they
    are put one behind the other."""
    keys = [(r.runtime, r.round, r.loop, r.level) for r in whole]
    begins, total = {}, 0.0
    for key in dict.fromkeys(keys):
        ends = [r.end for r, other in zip(whole, keys, strict=True) if other == key]
        begins[key] = total - min(ends)
        total += max(ends) - min(ends) + GAP
    return [(r.end + begins[key]) / total for r, key in zip(whole, keys, strict=True)]

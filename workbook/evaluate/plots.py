"""Pictures of what a run says: accuracy with its interval, two runs question by question, and
how the width of an interval falls with the number of questions."""

from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from workbook.evaluate.results import wilson
from workbook.evaluate.runner import Run

BLUE, ORANGE, GREY = "#3b6ea5", "#d9822b", "#8a8a8a"


def intervals(counts: Mapping[str, tuple[int, int]], title: str) -> Figure:
    """The share of right answers and its 95 % Wilson interval, a line each: {name: (right, of)}."""
    figure, axis = plt.subplots(figsize=(7, 0.36 * len(counts) + 1.1))
    for place, (right, total) in enumerate(counts.values()):
        low, high = wilson(right, total)
        axis.plot([low, high], [place, place], color=BLUE, linewidth=3, solid_capstyle="butt")
        axis.plot(right / total, place, "o", color=ORANGE, markersize=7)
    axis.set_yticks(range(len(counts)), [f"{name} ({of})" for name, (_, of) in counts.items()])
    axis.invert_yaxis()
    axis.set_xlim(-0.02, 1.02)
    axis.xaxis.set_major_formatter("{x:.0%}")
    return _finished(figure, title)


def pairs(one: Run, other: Run, names: tuple[str, str]) -> Figure:
    """Two runs of one answer a question: a column for each question, blue where the answer is
    right, orange where it is wrong; questions on which the runs differ stand together."""
    second = {answer.id: answer.right for answer in other.answers}
    columns = sorted(((a.right, second[a.id]) for a in one.answers), key=_agreeing_first)
    figure, axis = plt.subplots(figsize=(8, 1.7))
    rows = [[right for right, _ in columns], [right for _, right in columns]]
    colours = ListedColormap([ORANGE, BLUE])
    axis.pcolormesh(rows, cmap=colours, vmin=0, vmax=1, edgecolors="white", linewidth=1.5)
    axis.set_yticks([0.5, 1.5], names)
    axis.invert_yaxis()
    axis.set_xlabel("questions: both right, only one right, both wrong", fontsize=9)
    axis.spines[:].set_visible(False)
    return _finished(figure, "blue: right, orange: wrong")


def _agreeing_first(pair: tuple[bool, bool]) -> int:
    return [(True, True), (True, False), (False, True), (False, False)].index(pair)


def widths(shares: Iterable[float], most: int = 2000, mark: int = 0) -> Figure:
    """Width of the 95 % Wilson interval, in points, against the number of questions (from 5 to
    `most`), a line for each true share of right answers; mark: a number to point at."""
    figure, axis = plt.subplots(figsize=(7, 3.4))
    counts = [n for n in range(5, most + 1) if n <= 100 or n % 10 == 0]
    for share, colour in zip(shares, (BLUE, ORANGE, GREY), strict=False):
        bounds = [wilson(share * n, n) for n in counts]  # a share between two counts is fine here
        width = [100 * (high - low) for low, high in bounds]
        axis.plot(counts, width, color=colour, label=f"{share:.0%} right")
    if mark:
        axis.axvline(mark, color=GREY, linestyle="--", linewidth=1)
        axis.annotate(f"this lesson: {mark}", (mark, axis.get_ylim()[1]), (4, -12),
                      textcoords="offset points", fontsize=9)  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks([n for n in (5, 10, 50, 100, 500, 1000, 5000) if n <= most])
    axis.xaxis.set_major_formatter("{x:.0f}")
    axis.set_ylim(bottom=0)
    axis.set_xlabel("questions", fontsize=9)
    axis.set_ylabel("width in points", fontsize=9)
    axis.legend(frameon=False, fontsize=9)
    return _finished(figure, "Half the width costs four times the questions")


def _finished(figure: Figure, title: str) -> Figure:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=9)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    plt.close(figure)
    return figure

"""The pictures show the numbers of the runs."""

import pytest

from workbook.evaluate import plots, wilson
from workbook.evaluate.runner import Answer, Run


def run(rights):
    answers = [Answer(f"q/{i}", "sums", right) for i, right in enumerate(rights)]
    return Run({"model": "pocket"}, [], answers)


def test_intervals_draw_each_share_within_its_bounds():
    axis = plots.intervals({"sums": (3, 4), "logic": (0, 5)}, "right").axes[0]
    line, dot = axis.lines[:2]
    assert tuple(line.get_xdata()) == wilson(3, 4)
    assert dot.get_xdata() == [0.75]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["sums (4)", "logic (5)"]


def test_pairs_stand_in_columns_by_outcome():
    one, other = run([False, True, True, False]), run([False, True, False, True])
    axis = plots.pairs(one, other, ("fp32", "int4")).axes[0]
    drawn = axis.collections[0].get_array()
    assert drawn.tolist() == [[True, True, False, False], [True, False, True, False]]


def test_widths_fall_with_the_square_root():
    axis = plots.widths((0.5, 0.8), most=400, mark=72).axes[0]
    width = dict(zip(axis.lines[0].get_xdata(), axis.lines[0].get_ydata(), strict=True))
    assert width[100] == pytest.approx(100 * (wilson(50, 100)[1] - wilson(50, 100)[0]))
    assert width[400] == pytest.approx(width[100] / 2, rel=0.03)
    assert [text.get_text() for text in axis.texts] == ["this lesson: 72"]

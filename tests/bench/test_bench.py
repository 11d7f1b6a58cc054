"""Local speed, tables and plots: form and arithmetic, never a time."""

import dataclasses

import pytest

from workbook.bench import local, plots
from workbook.errors import CourseError
from workbook.tables import Table


def test_every_artifact_is_measured_in_every_round(artifact):
    found = local.measure([artifact], tokens=20, rounds=2)
    speed = found[artifact.name]
    assert len(speed.rounds) == 2
    assert all(rate > 0 for rate in speed.rounds)
    assert speed.load_seconds > 0
    assert speed.peak_bytes > artifact.bytes


def test_rounds_are_merged_by_the_median_and_the_largest_memory():
    speeds = [local.Speed(r, [r], r / 10, int(r)) for r in (10.0, 30.0, 20.0)]
    assert local._merge(speeds) == local.Speed(20.0, [10.0, 30.0, 20.0], 2.0, 30)


def test_an_artifact_that_cannot_run_is_one_sentence(artifact, tmp_path):
    broken = dataclasses.replace(artifact, path=tmp_path)
    with pytest.raises(CourseError, match=r"could not be measured .*genai_config"):
        local.measure([broken], tokens=5, rounds=1)


def test_a_table_is_text_and_html():
    table = Table([{"name": "a", "size": "1 MB"}, {"name": "<b>", "size": "20 MB"}], "Sizes")
    assert str(table) == "Sizes\nname  size\na     1 MB\n<b>   20 MB"
    html = table._repr_html_()
    assert "<caption>Sizes</caption>" in html
    assert "<td>&lt;b&gt;</td>" in html
    assert '<th scope="col">size</th>' in html
    with pytest.raises(ValueError, match="at least one row"):
        Table([])


def test_bars_show_every_value():
    figure = plots.bars({"size": {"a": 1.0, "b": 2.0}}, "Title", {"size": "{:.1f} MB"})
    axis = figure.axes[0]
    assert [bar.get_height() for bar in axis.patches] == [1.0, 2.0]
    assert [t.get_text() for t in axis.texts] == ["1.0 MB", "2.0 MB"]


@pytest.mark.slow
def test_the_memory_is_that_of_the_artifact_alone(artifact):
    ballast = b"1" * 1_500_000_000
    found = local.measure([artifact], tokens=5, rounds=1)[artifact.name]
    assert found.peak_bytes < len(ballast)


def test_what_cannot_be_compared_is_refused(artifact):
    for wrong in ({"rounds": 0}, {"tokens": 1}):
        with pytest.raises(ValueError, match="rounds >= 1, tokens >= 2"):
            local.measure([artifact], **wrong)
    with pytest.raises(ValueError, match="each once"):
        local.measure([artifact, artifact])

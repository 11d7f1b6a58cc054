"""The planner's sliders and the view of a running load."""

from workbook import models, widgets
from workbook.bench.records import Record
from workbook.bench.roofline import Ceiling
from workbook.widgets import live

CEILING = Ceiling(bandwidth=40e9, compute=200e9, threads=2, spread=1.0)


def test_each_slider_changes_what_is_shown():
    shown = widgets.planner(models.geometry("phi4-mini"), CEILING, context=4096, batch=1)
    seen = [(shown.table.value, shown.picture.value)]
    for control, value in (
        (shown.precision, "bf16"), (shown.context, 512), (shown.bandwidth, 80.0), (shown.batch, 16)
    ):  # fmt: skip
        control.value = value
        seen.append((shown.table.value, shown.picture.value))
    tables = [table for table, _ in seen]
    assert len(set(tables)) == len(tables)
    assert "7.67 GB" in tables[1] and "bf16" in tables[1]
    assert (
        len({picture for _, picture in seen}) >= 3
    )  # precision and batch choose in the table only


def test_without_widgets_every_precision_is_in_a_table():
    shown = widgets.planner(models.geometry("phi4-mini"), CEILING)
    bundle = shown._repr_mimebundle_()
    for precision in ("bf16", "int8", "int4"):
        assert precision in bundle["text/plain"] and precision in bundle["text/html"]


def test_a_machine_that_is_slower_than_the_slider_begins_keeps_its_bandwidth():
    slow = Ceiling(bandwidth=2e9, compute=1e9, threads=1, spread=1.0)
    assert widgets.planner(models.geometry("pocket"), slow).bandwidth.value == 2.0


def record(runtime: str, end: float, **fields) -> Record:
    given = {"runtime": runtime, "round": 0, "loop": "closed", "level": 1.0, "status": "ok"}
    return Record(
        **given | {"due": 0.0, "sent": 0.0, "first": end / 2, "end": end, "last": end} | fields
    )


def test_every_answer_is_a_dot_and_loads_stand_one_behind_the_other(tmp_path):
    found = [record("engine", 1.0), record("engine", 2.0), record("llamacpp", 1.5)]
    across = live._across(found)
    assert across[0] < across[1] < across[2] <= 1
    assert live.svg(found).count("<circle") == 3
    assert "no answer yet" in live.svg([])
    file = tmp_path / "requests.jsonl"
    view = live.LiveLatency(file)
    assert "no answer yet" in view.value
    file.write_text("".join(r.line() + "\n" for r in found), encoding="utf-8")
    view.draw()
    assert view.value.count("<circle") == 3

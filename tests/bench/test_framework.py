"""The tutorial's table: what fills a cell, and where it says that it is from."""

import pytest

from workbook import runtimes
from workbook.bench import framework
from workbook.bench.compare import Measured
from workbook.evaluate import Result


def measured(name: str, **changes) -> Measured:
    results = [
        Result("a/0", "tool_call", True, ""),
        Result("a/1", "tool_call", False, ""),
        Result("b/0", "average", True, ""),
    ]
    fields = {
        "name": name, "engine": "E", "version": "1", "artifact": "onnx-int4",
        "start_seconds": 1.25, "resident_bytes": 5, "disk_bytes": 2_500_000,
        "first_tokens": [0.1], "rates": [100.0], "results": results,
        "statuses": {"GET /v1/models": 200, "POST /api/chat": 404},
    }  # fmt: skip
    return Measured(**fields | changes)


class Report:
    """The two things that a table asks of a report."""

    class Folder:
        name = "20260101-000000"

    folder = Folder()

    class Level:
        def __init__(self, level, rate, peak):
            self.runtime, self.loop, self.level = "engine", "closed", level
            self.tokens_per_second, self.peak_bytes = rate, peak

    levels = (Level(1.0, 900.4, 80e6), Level(8.0, 1200.0, 95e6))

    def at(self, name, loop, level):
        return next((x for x in self.levels if (x.runtime, x.level) == (name, level)), None)


def test_every_cell_is_a_figure_that_was_measured_and_says_where():
    refused = {"engine": dict.fromkeys(framework.BAD, 422) | {"after": 200}}
    made = framework.table(
        [measured("engine"), measured("vllm", start_seconds=None, disk_bytes=None)],
        Report(), refused,
    )  # fmt: skip
    cells = {criterion: row for criterion, row, _ in made.rows}
    assert cells["Set-up: start"] == {"engine": "1.2 s", "vllm": framework.NONE}
    assert cells["Performance, CPU, 1 client"]["engine"] == "900 tokens/s"
    assert cells["Performance, CPU, 8 clients"] == {"engine": "1200 tokens/s", "vllm": "–"}
    assert cells["Memory"]["engine"] == "95 MB"
    assert cells["API"]["engine"] == "1 of 2"
    assert cells["Function calling"]["engine"].startswith("1 of 2 (")
    assert cells["Quality"]["engine"].startswith("2 of 3 (")
    assert cells["Quantization"] == {"engine": "fp32, int8, int4", "vllm": "reads checkpoints"}
    assert cells["Production: bad input"] == {"engine": "6 of 6", "vllm": framework.NONE}
    assert cells["Edge: on disk"] == {"engine": "2.5 MB", "vllm": framework.NONE}
    assert all(origin for _, _, origin in made.rows)
    html = made._repr_html_()
    for at in range(1, len(made.rows) + 1):
        assert f'href="#origin-{at}"' in html and f'id="origin-{at}"' in html
    assert "900 tokens/s" in str(made) and "[2] Output tokens/s" in str(made)


def test_a_failure_of_the_server_is_not_well_done():
    good = dict.fromkeys(framework.BAD, 400) | {"after": 200}
    assert framework.well(good) == len(good)
    assert framework.well(good | {"no JSON": 500}) == len(good) - 1
    assert framework.well(good | {"no JSON": 200}) == len(good) - 1
    assert framework.well(good | {"after": 503}) == len(good) - 1


@pytest.mark.parametrize("name", ["engine", "llamacpp"])
def test_real_servers_are_asked(name):
    with runtimes.start(name, model="pocket", place="embedded") as rt:
        found = framework.refusals(rt)
    assert found.keys() == {*framework.BAD, "after"}
    assert found["after"] == 200 and found["no JSON"] in (400, 422)

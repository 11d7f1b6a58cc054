"""The tutorial's table of frameworks, every cell measured on this machine.

The tutorial fills its comparison with words and with three rows of tokens/s that have no source.
Here each row is a figure of `compare.measure`, of a bench report, or of requests that are sent for
it, and says where it comes from.
"""

from collections.abc import Mapping
from html import escape

import httpx

from workbook.bench.compare import Measured
from workbook.bench.report import Report
from workbook.convert import RECIPES
from workbook.evaluate import wilson
from workbook.runtimes import Runtime
from workbook.runtimes.base import is_local

NONE = "–"

FORMATS = {"onnx": ("engine", "foundry"), "gguf": ("llamacpp", "ollama")}
"""The runtimes that serve a format; vLLM reads the Hugging Face folder itself."""

BAD = {
    "no JSON": "{",
    "no messages": '{"model": "MODEL"}',
    "unknown model": '{"model": "no-such-model", "messages": MESSAGES}',
    "negative limit": '{"model": "MODEL", "messages": MESSAGES, "max_tokens": -1}',
    "longer than the context": '{"model": "MODEL", "messages": LONG}',
}
"""Chat completions that no server can fulfil, by what is wrong with the body. A good server answers
each with a status from 400 to 499, and the next good request with 200."""


def refusals(runtime: Runtime) -> dict[str, int]:
    """The HTTP status that each of BAD gets, and that of a good request behind them ("after")."""
    good = '{"model": "MODEL", "messages": MESSAGES, "max_tokens": 1}'
    asked = BAD | {"after": good}
    words = {"MODEL": runtime.model, "LONG": _message("word " * 9000), "MESSAGES": _message("Hi")}
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {runtime.api_key}",
    }
    found = {}
    with httpx.Client(trust_env=not is_local(runtime.root_url), timeout=600) as client:
        for name, body in asked.items():
            for word, value in words.items():
                body = body.replace(word, value)
            url = f"{runtime.base_url}/chat/completions"
            reply = client.post(url, content=body, headers=headers)
            found[name] = reply.status_code
    return found


def _message(text: str) -> str:
    return f'[{{"role": "user", "content": "{text}"}}]'


def well(statuses: Mapping[str, int]) -> int:
    """How many of a runtime's refusals are as they should be."""
    return sum(
        status == 200 if name == "after" else 400 <= status < 500
        for name, status in statuses.items()
    )


def quantizations(name: str) -> list[str]:
    """The precisions that this course makes for a runtime."""
    kinds = [kind for kind, served in FORMATS.items() if name in served]
    return [recipe.partition("-")[2] for recipe in RECIPES if recipe.partition("-")[0] in kinds]


class Framework:
    """The table: a row a criterion, a column a runtime, and under it where each row is from.

    In a notebook every cell links to its row's origin.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, dict[str, str], str]] = []

    def add(self, criterion: str, cells: Mapping[str, str], origin: str) -> None:
        """One row. cells: by runtime; origin: how the figures were obtained, a sentence."""
        self.rows.append((criterion, dict(cells), origin))

    @property
    def names(self) -> list[str]:
        """The runtimes, in order of appearance."""
        return list(dict.fromkeys(name for _, cells, _ in self.rows for name in cells))

    def __str__(self) -> str:
        table = [["", *self.names]] + [
            [f"{criterion} [{at}]", *(cells.get(name, NONE) for name in self.names)]
            for at, (criterion, cells, _) in enumerate(self.rows, start=1)
        ]
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
                 for row in table]  # fmt: skip
        notes = [f"[{at}] {origin}" for at, (_, _, origin) in enumerate(self.rows, start=1)]
        return "\n".join([*lines, "", *notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.names)
        body, notes = "", ""
        for at, (criterion, cells, origin) in enumerate(self.rows, start=1):
            shown = "".join(
                f'<td><a href="#origin-{at}">{escape(cells.get(name, NONE))}</a></td>'
                for name in self.names
            )
            body += f'<tr><th scope="row">{escape(criterion)}</th>{shown}</tr>'
            notes += f'<li id="origin-{at}">{escape(origin)}</li>'
        return (
            f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<ol>{notes}</ol>"
        )


def table(
    measured: list[Measured], report: Report, refused: Mapping[str, Mapping[str, int]]
) -> Framework:
    """The tutorial's rows, from what was measured.

    measured: one a runtime (bench.compare); report: the same runtimes under load; refused: what
    `refusals` gave, by runtime.
    """
    made = Framework()
    each = {m.name: m for m in measured}

    def add(criterion, cell, origin):
        made.add(criterion, {name: cell(m) for name, m in each.items()}, origin)

    add(
        "Set-up: start",
        lambda m: NONE if m.start_seconds is None else f"{m.start_seconds:.1f} s",
        "From the call to a ready server, second start (bench.compare).",
    )
    levels = sorted({x.level for x in report.levels if x.loop == "closed"})
    for level in dict.fromkeys((levels[0], levels[-1])):
        add(
            f"Performance, CPU, {level:g} client{'s' * (level > 1)}",
            lambda m, level=level: _speed(report, m.name, level),
            f"Output tokens/s of a closed loop with {level:g} client{'s' * (level > 1)}, median "
            f"of the rounds (workbook bench; records in {report.folder.name}).",
        )
    add(
        "Memory",
        lambda m: _memory(report, m.name),
        "Peak resident memory of the server's processes under that load (workbook bench).",
    )
    add(
        "API",
        lambda m: f"{len(m.shapes)} of {len(m.statuses)}",
        "Endpoints of OpenAI, Ollama and Prometheus that answer with a success: "
        + ", ".join(measured[0].statuses) + " (bench.compare).",
    )  # fmt: skip
    add(
        "Function calling",
        _calls,
        "Right calls on held-out questions with tools, with the 95 % interval (bench.compare).",
    )
    add(
        "Quality",
        lambda m: _share(m.right, len(m.results)),
        "Right answers on all the held-out questions, with the 95 % interval (bench.compare).",
    )
    add(
        "Quantization",
        lambda m: ", ".join(quantizations(m.name)) or "reads checkpoints",
        "Precisions that `workbook convert` makes for the runtime's format.",
    )
    add(
        "Production: bad input",
        lambda m: (
            f"{well(refused[m.name])} of {len(refused[m.name])}" if m.name in refused else NONE
        ),
        f"Statuses from 400 to 499 for {', '.join(BAD)}, and 200 for a good request after them "
        "(bench.framework.refusals).",
    )
    add(
        "Edge: on disk",
        lambda m: NONE if m.disk_bytes is None else f"{m.disk_bytes / 1e6:.1f} MB",
        "The artifact's folder; no runtime needs a network once it is there.",
    )
    return made


def _speed(report: Report, name: str, level: float) -> str:
    found = report.at(name, "closed", level)
    speed = found and found.tokens_per_second
    return NONE if not speed else f"{speed:.0f} tokens/s"


def _memory(report: Report, name: str) -> str:
    peaks = [x.peak_bytes for x in report.levels if x.runtime == name and x.peak_bytes]
    return f"{max(peaks) / 1e6:.0f} MB" if peaks else NONE


def _calls(m: Measured) -> str:
    calls = [r for r in m.results if r.family.startswith("tool")]
    return _share(sum(r.right for r in calls), len(calls)) if calls else NONE


def _share(right: int, total: int) -> str:
    low, high = wilson(right, total)
    return f"{right} of {total} ({low:.0%} to {high:.0%})"

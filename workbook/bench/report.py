"""From the files of a run to its tables, its JSON and its pictures."""

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbook.bench import metrics, records, roofline, suite
from workbook.bench.load import Cost
from workbook.bench.metrics import Limits, Summary, summarise
from workbook.bench.records import Record
from workbook.bench.roofline import Bound, Ceiling, Work
from workbook.bench.suite import CONDITIONS, COSTS, REQUESTS, Plan
from workbook.errors import CourseError
from workbook.tables import Table

BUSY_CLIENT = 0.5
"""Share of a core above which the client itself may slow what it measures."""

BUSY_OTHERS = 0.1
"""Share of the machine above which what else runs on it disturbs."""

LATE = 0.05
"""Seconds after its time at which an open loop's request counts as sent late."""


@dataclass(frozen=True)
class Ratio:
    """One runtime's figure over the first one's, within each round: median, lowest, highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Ratio":
        """The ratio from those of the rounds."""
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.median:.2f}"
        return f"{self.median:.2f} [{self.low:.2f}-{self.high:.2f}]"


@dataclass(frozen=True)
class Level:
    """One runtime under one load: every round by itself, and all requests of all rounds pooled."""

    runtime: str
    loop: str
    level: float
    rounds: dict[int, Summary]
    pooled: Summary
    costs: dict[int, Cost]
    records: list[Record]

    @property
    def tokens_per_second(self) -> float | None:
        """The median over the rounds; None where a round's tokens were not counted."""
        rates = [s.tokens_per_second for s in self.rounds.values()]
        return None if None in rates else statistics.median(rates)

    @property
    def peak_bytes(self) -> int | None:
        """The largest over the rounds, since the server's start: earlier loads count too."""
        return max((c.peak_bytes for c in self.costs.values() if c.peak_bytes), default=None)

    @property
    def cpu_per_1000(self) -> float | None:
        """Seconds of the server's processor time per 1,000 output tokens, over all rounds."""
        pairs = [(self.costs[n].server_cpu, s.output_tokens) for n, s in self.rounds.items()
                 if n in self.costs]  # fmt: skip
        if not pairs or any(cpu is None or not tokens for cpu, tokens in pairs):
            return None
        return 1000 * sum(cpu for cpu, _ in pairs) / sum(tokens for _, tokens in pairs)

    @property
    def client_share(self) -> float | None:
        """The client's share of a core, the largest over the rounds."""
        return max((c.client_share for c in self.costs.values()), default=None)

    @property
    def others_share(self) -> float | None:
        """What other programs had of the machine, the largest over the rounds."""
        shares = [c.others_share for c in self.costs.values() if c.others_share is not None]
        return max(shares, default=None)


@dataclass(frozen=True)
class Report:
    """A run that was measured, or what there is of it."""

    folder: Path
    conditions: dict[str, Any]
    limits: Limits
    levels: list[Level]

    @classmethod
    def read(cls, folder: Path) -> "Report":
        """The report of a run's folder. Raises CourseError when nothing was measured in it."""
        file = folder / CONDITIONS
        taken = [r for r in records.read(folder / REQUESTS) if not r.warmup]
        if not file.exists() or not taken:
            raise CourseError(f"Nothing was measured in {folder}: run `workbook bench` first.")
        conditions = json.loads(file.read_text(encoding="utf-8"))
        limits = Limits(**conditions["plan"]["limits"])
        costs = records.rows(folder / COSTS)
        names = list(dict.fromkeys([*_names(conditions), *(r.runtime for r in taken)]))
        keys = {(r.runtime, r.loop, r.level) for r in taken}
        order = sorted(keys, key=lambda k: (k[1], k[2], names.index(k[0])))
        levels = [_level(key, taken, costs, limits) for key in order]
        return cls(folder, conditions, limits, levels)

    @property
    def baseline(self) -> str:
        """The runtime that ratios are taken to: the engine where it is measured, else the first."""
        names = _names(self.conditions)
        return "engine" if "engine" in names else names[0]

    def at(self, runtime: str, loop: str, level: float) -> Level | None:
        """One runtime under one load; None where it was not measured."""
        found = (x for x in self.levels if (x.runtime, x.loop, x.level) == (runtime, loop, level))
        return next(found, None)

    def ratio(self, level: Level, figure) -> Ratio | None:
        """A figure of a Summary over the baseline's, round by round; None where one lacks it."""
        base = self.at(self.baseline, level.loop, level.level)
        if base is None:
            return None
        both = [n for n in level.rounds if n in base.rounds]
        pairs = [(figure(level.rounds[n]), figure(base.rounds[n])) for n in both]
        ratios = [mine / other for mine, other in pairs if mine and other]
        return Ratio.of(ratios) if ratios and len(ratios) == len(both) else None

    def bound(self, level: Level) -> Bound | None:
        """The roofline's bound for a closed loop; None where the artifact is not known."""
        work = self.conditions["servers"].get(level.runtime, {}).get("work")
        if not work or level.loop != "closed":
            return None
        cache = self.conditions["machine"]["cache_bytes"]
        ceiling = Ceiling(**self.conditions["ceiling"])
        return roofline.bound(Work(**work), ceiling, batch=int(level.level), cache_bytes=cache)


def _names(conditions: Mapping[str, Any]) -> list[str]:
    plan = conditions["plan"]
    return [*plan["runtimes"], *plan["endpoints"]]


def _level(key: tuple, taken: list[Record], costs: list[dict], limits: Limits) -> Level:
    mine = [r for r in taken if (r.runtime, r.loop, r.level) == key]
    numbers = sorted({r.round for r in mine})
    rounds = {n: summarise([r for r in mine if r.round == n], limits) for n in numbers}
    shared = ("runtime", "round", "loop", "level")
    found = {
        row["round"]: Cost(**{k: v for k, v in row.items() if k not in shared})
        for row in costs
        if (row["runtime"], row["loop"], row["level"]) == key
    }
    return Level(*key, rounds, summarise(mine, limits), found, mine)


def measure(plan: Plan, out: Path | None = None) -> Report:
    """Measure what a plan asks for, write its files, and give the report.

    out: the folder, a new one under build/bench when left out. Raises CourseError as suite.run.
    """
    out = out or suite.folder()
    suite.run(plan, out)
    found = Report.read(out)
    save(found)
    return found


def fitting(report: Report, limits: Limits, *, memory: float = math.inf) -> Table:
    """Which loads of a run would do for a use: goodput under these limits, best first.

    limits: in place of those of the run; memory: bytes that the server may take. The goodput is
    the median over the rounds. What takes too much memory, or does not tell, comes last.
    """
    found = []
    for level in report.levels:
        goods = [
            summarise([r for r in level.records if r.round == n], limits) for n in level.rounds
        ]
        fits = memory == math.inf or (level.peak_bytes is not None and level.peak_bytes <= memory)
        found.append((fits, statistics.median(s.goodput for s in goods), goods, level))
    found.sort(key=lambda row: (not row[0], -row[1]))
    return Table(
        [
            {
                "runtime": level.runtime,
                "load": f"{level.level:g}{' clients' if level.loop == 'closed' else '/s'}",
                "good requests/s": f"{good:.2f}",
                "kept the limits": f"{statistics.median(s.good_share for s in goods):.0%}",
                "MB": _number(level.peak_bytes, "{:.0f}", 1e-6),
                "memory fits": "yes" if fits else "no",
            }
            for fits, good, goods, level in found
        ],
        f"Limits: {limits}" + ("" if memory == math.inf else f"; memory {memory / 1e6:.0f} MB"),
    )


# ---------------------------------------------------------------- text


def table(report: Report) -> Table:
    """One row a runtime and load, with ratios to the baseline."""
    return Table([_row(report, level) for level in report.levels])


def _row(report: Report, level: Level) -> dict[str, str]:
    pooled, base = level.pooled, report.baseline
    lost = {k: v for k, v in pooled.counts.items() if v and k != "ok"}
    unit = "" if level.loop == "closed" else "/s"
    faster = report.ratio(level, lambda s: s.tokens_per_second)
    later = report.ratio(level, lambda s: s.ttft.median)
    return {
        "load": f"{level.level:g}{unit}",
        "runtime": level.runtime,
        "ok": f"{pooled.counts['ok']}/{pooled.requests}",
        "not ok": ", ".join(f"{v} {k}" for k, v in lost.items()) or "0",
        "tokens/s": _number(level.tokens_per_second, "{:.0f}"),
        f"to {base}": str(faster or "-"),
        "requests/s": _number(_median([s.requests_per_second for s in level.rounds.values()])),
        "goodput/s": _number(_median([s.goodput for s in level.rounds.values()])),
        "TTFT ms 50/95/99": _times(pooled.ttft),
        f"TTFT to {base}": str(later or "-"),
        "TPOT ms": _times(pooled.tpot),
        "ITL ms": _times(pooled.itl),
        "E2E ms": _times(pooled.e2e),
        "MB": _number(level.peak_bytes, "{:.0f}", 1e-6),
        "CPU s/1000": _number(level.cpu_per_1000, "{:.2f}"),
        "client": _number(level.client_share, "{:.0%}"),
        "others": _number(level.others_share, "{:.0%}"),
    }


def bounds(report: Report) -> Table | None:
    """The roofline's bound of every closed loop, and the share of it that was reached."""
    rows = []
    for level in report.levels:
        bound = report.bound(level)
        if bound is None:
            continue
        work = Work(**report.conditions["servers"][level.runtime]["work"])
        reached = level.tokens_per_second
        rows.append(
            {
                "clients": f"{level.level:g}",
                "runtime": level.runtime,
                "MB read a batch": f"{work.weights / 1e6:.1f}",
                "MFLOP a token": f"{work.operations / 1e6:.1f}",
                "memory bound": "does not apply" if bound.memory is None else f"{bound.memory:.0f}",
                "compute bound": f"{bound.compute:.0f}",
                "bound": f"{bound.tokens_per_second:.0f} ({bound.by})",
                "reached": _number(reached and reached / bound.tokens_per_second, "{:.1%}"),
            }
        )
    return Table(rows, "Roofline of decoding, tokens/s") if rows else None


def text(report: Report) -> str:
    """Everything that is to be read: conditions, tables, formulas, and what to mind."""
    about = report.conditions
    machine, plan = about["machine"], about["plan"]
    roof = bounds(report)
    parts = [
        f"Begun {about['begun']}; {len({n for x in report.levels for n in x.rounds})} of "
        f"{plan['rounds']} rounds; {plan['model']}; prompt {plan['prompt_tokens']} tokens, answer "
        f"{plan['output_tokens']}; warm-up {plan['warmup']}; limits: {report.limits}.",
        f"Machine: {machine['processor']} ({', '.join(machine['instructions'])}), "
        f"{machine['physical_cores']} physical of {machine['logical_cores']} logical cores, "
        f"{machine['memory_bytes'] / 1e9:.1f} GB; {machine['system']}; Python "
        f"{machine['python']}; {Ceiling(**about['ceiling'])}.",
        *(_server(report, name, server) for name, server in about["servers"].items()),
        f"\n{table(report)}",
        "Tokens/s, requests/s and goodput: median of the rounds. Latencies: all rounds pooled. "
        f"Ratios: to {report.baseline} in the same round, median [lowest-highest]. MB: highest "
        "since the server's start. client: the load generator's share of one core; others: what "
        "neither it nor the server used of all cores (both the highest of the rounds).",
        *([f"\n{roof}", *_cached(report)] if roof else []),
        "\nFormulas:\n" + "\n".join(f"  {k} = {v}" for k, v in metrics.FORMULAS.items()),
        metrics.CLOCK,
        metrics.RULE,
        *([metrics.OMISSION] if any(x.loop == "closed" for x in report.levels) else []),
        *warnings(report),
    ]
    return "\n".join(parts)


def _server(report: Report, name: str, server: Mapping[str, Any]) -> str:
    threads = server.get("threads")
    costs = (cost for x in report.levels if x.runtime == name for cost in x.costs.values())
    every = max((cost.server_threads or 0 for cost in costs), default=0)
    parts = [
        f"{server['engine']} {server['version']}".strip(),
        f"{server['place']}",
        f"artifact {server['artifact'] or 'not named'}",
        f"hash {server['sha256'][:12]}" if server.get("sha256") else "hash not known",
        f"{threads} compute threads" if threads else "compute threads not told",
        *([f"{every} threads in all"] if every else []),
        *(f"{key}={value}" for key, value in server["options"].items()),
        f"length fixed by {', '.join(server['fixed length']) or 'nothing: lengths as they came'}",
    ]
    return f"{name}: {'; '.join(parts)}."


def _cached(report: Report) -> list[str]:
    cache = report.conditions["machine"]["cache_bytes"]
    small = [name for name, server in report.conditions["servers"].items()
             if server.get("work") and cache and server["work"]["weights"] < cache]  # fmt: skip
    if not small:
        return []
    return [
        f"The weights of {', '.join(small)} are smaller than the last-level cache "
        f"({cache / 1e6:.0f} MB): after the first token they are not read from memory again, so "
        "memory sets no bound. What is far from the compute bound is spent on what is around the "
        "arithmetic: starting operators, sampling, HTTP, text."
    ]


def warnings(report: Report) -> list[str]:
    """What makes figures doubtful, one sentence each."""
    found: dict[str, list[str]] = {}
    asked = report.conditions["plan"]["output_tokens"]
    for level in report.levels:
        for sentence in _doubts(level, asked):
            found.setdefault(sentence, []).append(_where(level))
    places = {s: w if len(w) < len(report.levels) else ["every load"] for s, w in found.items()}
    return [f"Mind: {sentence} ({', '.join(where)})." for sentence, where in places.items()]


def _where(level: Level) -> str:
    return f"{level.runtime} at {level.level:g}{'/s' if level.loop == 'open' else ''}"


def _doubts(level: Level, asked: int) -> Iterator[str]:
    lengths = level.pooled.output_lengths
    if lengths and lengths != (asked, asked):
        yield (
            f"not every answer has {asked} tokens: latencies do not compare with those of fixed "
            f"lengths"
        )
    if level.pooled.counts["ok"] and level.tokens_per_second is None:
        yield "the server does not count its tokens: no tokens/s, no TPOT"
    if level.client_share and level.client_share > BUSY_CLIENT:
        yield (
            f"the client used more than {BUSY_CLIENT:.0%} of a core: it may be what limits, so "
            f"run it on another machine"
        )
    if level.others_share and level.others_share > BUSY_OTHERS:
        yield (
            f"other programs used more than {BUSY_OTHERS:.0%} of the machine, see the column "
            f"others: measure again when it is quiet"
        )
    if level.loop == "open" and (level.pooled.lag.largest or 0) > LATE:
        yield f"requests were sent more than {LATE * 1000:.0f} ms late: the latencies include it"
    bad = [r for r in level.records if not r.ok]
    if bad:
        yield f"not every request was answered whole, the first one: {bad[0].message[:200]}"


def _times(distribution: metrics.Distribution) -> str:
    values = (distribution.median, distribution.p95, distribution.p99)
    return "/".join(_number(value, "{:.1f}", 1e3) for value in values)


def _number(value: float | None, form: str = "{:.1f}", scale: float = 1) -> str:
    return "-" if value is None else form.format(value * scale)


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


# ---------------------------------------------------------------- files


def save(report: Report, scores: Mapping[str, tuple[int, int]] | None = None) -> list[Path]:
    """Write table.txt, summary.json and the plots into the run's folder; gives their paths.

    scores: (right answers, questions) by runtime, for the plot of quality against speed.
    """
    from workbook.bench import plots

    out = report.folder
    (out / "table.txt").write_text(text(report) + "\n", encoding="utf-8")
    (out / "summary.json").write_text(json.dumps(plain(report), indent=2) + "\n", encoding="utf-8")
    written = [out / "table.txt", out / "summary.json"]
    for name, figure in plots.of(report, scores).items():
        figure.savefig(out / f"{name}.png", dpi=120)
        written.append(out / f"{name}.png")
    return written


def plain(report: Report) -> dict[str, Any]:
    """The whole report as plain data: conditions, formulas, and every level's figures."""
    return report.conditions | {
        "formulas": metrics.FORMULAS,
        "percentile rule": metrics.RULE,
        "baseline": report.baseline,
        "levels": [_plain(report, level) for level in report.levels],
    }


def _plain(report: Report, level: Level) -> dict[str, Any]:
    ratio, bound = report.ratio(level, lambda s: s.tokens_per_second), report.bound(level)
    return {
        "runtime": level.runtime,
        "loop": level.loop,
        "level": level.level,
        "tokens_per_second": level.tokens_per_second,
        "ratio": asdict(ratio) if ratio else None,
        "bound": asdict(bound) if bound else None,
        "peak_bytes": level.peak_bytes,
        "cpu_per_1000": level.cpu_per_1000,
        "client_share": level.client_share,
        "others_share": level.others_share,
        "pooled": asdict(level.pooled),
        "rounds": {str(n): asdict(s) for n, s in level.rounds.items()},
        "costs": {str(n): asdict(c) for n, c in level.costs.items()},
    }

"""Checks of lab 08: percentiles, a request's figures, throughput and goodput, a choice by data."""

import json
import math
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.bench import metrics
from workbook.bench.records import Record
from workbook.course.checks import Mistake, check, kind, real

Row = dict[str, Any]
Function = Callable[..., Any]

FILES = paths.LABS / "lab08" / "files"
if not FILES.is_dir():  # where only the notebook's own folder was handed over
    FILES = Path("files").resolve()

REQUESTS = FILES / "requests.jsonl"


def rows() -> list[Row]:
    """All request records of the lab's run."""
    return [json.loads(line) for line in REQUESTS.read_text(encoding="utf-8").splitlines()]


def load(runtime: str, loop: str, level: float) -> list[Row]:
    """The records of one load of the lab's run, its warm-up left out."""
    wanted = {"runtime": runtime, "loop": loop, "level": level, "warmup": False}
    return [row for row in rows() if all(row[key] == value for key, value in wanted.items())]


def loads() -> dict[str, dict[str, Any]]:
    """Every load of the lab's run, such as "engine, 8 clients": its records, and the most memory
    that the server had (bytes)."""
    found = {}
    for line in (FILES / "levels.jsonl").read_text(encoding="utf-8").splitlines():
        level = json.loads(line)
        unit = "clients" if level["loop"] == "closed" else "requests/s"
        name = f"{level['runtime']}, {level['level']:g} {unit}"
        chosen = load(level["runtime"], level["loop"], level["level"])
        found[name] = {"records": chosen, "peak_bytes": level["peak_bytes"]}
    return found


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)


def _first(found: float, mistakes: Iterable[tuple[float, str]], otherwise: str) -> str:
    """What to say about a wrong number: the first known mistake that gives it."""
    return next((said for value, said in mistakes if _close(found, value)), otherwise)


# ---------------------------------------------------------------- exercise 1: percentiles


@check
def percentile(function: Function, values: list[float], p: float) -> None:
    """Check percentile(values, p), linear between neighbours. Raises Mistake."""
    given = list(values)
    call = f"percentile({_short(values)}, {p})"
    try:
        found = real(call, function(given, p))
    except IndexError:
        raise Mistake(
            f"{call} stopped with IndexError: at the last value there is no next one to go to."
        ) from None
    if given != values:
        raise Mistake("percentile sorted the list that it was given: use sorted(), which copies.")
    expected = metrics.percentile(values, p)
    if _close(found, expected):
        return
    said = _first(found, _percentile_mistakes(values, p), "Compare each step with hint 1.")
    raise Mistake(
        f"percentile({_short(values)}, {p}) gave {found:g} and {expected:g} is right. {said}"
    )


def _short(values: list[float]) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:6])
    return f"[{shown}{', ...' if len(values) > 6 else ''}]"


def _percentile_mistakes(values: list[float], p: float) -> list[tuple[float, str]]:
    ordered, n = sorted(values), len(values)
    nearest = "You took the nearest value: where the position falls between two, go between them."

    def at(position: float, source: list[float]) -> float:
        low = max(0, min(math.floor(position), n - 1))
        high = min(low + 1, n - 1)
        return source[low] + (position - math.floor(position)) * (source[high] - source[low])

    return [
        (at(p * (n - 1), values), "The values are not in order: sort them first."),
        (ordered[min(n - 1, math.floor(p * (n - 1)))], nearest),
        (ordered[min(n - 1, math.ceil(p * (n - 1)))], nearest),
        (ordered[min(n - 1, int(p * n))], nearest),
        (ordered[max(0, math.ceil(p * n) - 1)], nearest),
        (
            at(p * n, ordered),
            "The last value is at position n - 1, so the position is p x (n - 1).",
        ),
        (at(p * n - 1, ordered), "The position is p x (n - 1), counted from 0."),
        (at(p * (n + 1) - 1, ordered), "That is another definition (n + 1): see the task."),
        (at(p / 100 * (n - 1), ordered), "p is a share from 0 to 1 here, not a percentage."),
        (statistics.fmean(values), "That is the mean."),
        (p * max(values), "That is a share of the largest value: look for a place in the order."),
    ]


@check
def refuses_nothing(function: Function) -> None:
    """Check that percentile([]) raises ValueError. Raises Mistake."""
    try:
        found = function([], 0.5)
    except ValueError:
        return
    except (IndexError, ZeroDivisionError) as error:
        raise Mistake(
            f"percentile([], 0.5) stopped with {type(error).__name__}: there is no percentile of "
            "nothing; raise ValueError with a sentence."
        ) from None
    raise Mistake(f"percentile([], 0.5) gave {found!r}: there is none; raise ValueError.")


@check
def supported(function: Function, n: int, p: float) -> None:
    """Check supported(n, p). Raises Mistake."""
    found = function(n, p)
    if type(found) is not bool:
        raise Mistake(f"supported({n}, {p}) gave {kind(found)}: give True or False (bool).")
    expected = p**n <= 0.05
    if found is expected:
        return
    likely = f"all {n} values lie below the true percentile with probability {p**n:.3f}"
    said = "at most 0.05 is enough" if expected else "more than 0.05 is too much"
    raise Mistake(f"supported({n}, {p}) gave {found}: {likely}, and {said}.")


# ---------------------------------------------------------------- exercise 2: one request


@check
def reads(function: Function) -> None:
    """Check read_records(path) on the lab's own file. Raises Mistake."""
    _same_rows(function(REQUESTS), [row for row in rows() if not row["warmup"]])


@check
def reads_a_broken_file(function: Function) -> None:
    """Check read_records(path) on a file whose writer was interrupted. Raises Mistake."""
    lines = REQUESTS.read_text(encoding="utf-8").splitlines()[:8]
    expected = [row for row in map(json.loads, lines[:-1]) if not row["warmup"]]
    with tempfile.TemporaryDirectory(prefix="workbook-lab08-") as folder:
        file = Path(folder) / "requests.jsonl"
        file.write_text("\n".join([*lines[:-1], lines[-1][:60]]), encoding="utf-8")
        try:
            found = function(file)
        except json.JSONDecodeError:
            raise Mistake(
                "A run was interrupted while it wrote: its last line is cut off, and read_records "
                "stopped at it. A line is whole when a line break follows it."
            ) from None
    _same_rows(found, expected)


def _same_rows(found: Any, expected: list[Row]) -> None:
    if type(found) is not list or any(type(row) is not dict for row in found):
        raise Mistake(f"read_records gave {kind(found)}: give a list with a dict for each line.")
    if found == expected:
        return
    warm = sum(bool(row.get("warmup")) for row in found)
    if warm:
        raise Mistake(
            f"{warm} of the records are of the warm-up: leave them out, they load and compile."
        )
    ok = [row for row in expected if row["status"] == "ok"]
    if found == ok:
        raise Mistake("The failed requests are gone: keep them, they count in what follows.")
    raise Mistake(f"read_records gave {len(found)} records and {len(expected)} are right.")


FIGURES = ("ttft", "tpot", "itl", "e2e")

MADE_BY_HAND: Row = {
    "status": "ok",
    "due": 1.0,
    "sent": 1.25,
    "event": 1.5,
    "first": 2.0,
    "last": 4.5,
    "end": 4.75,
    "output_tokens": 6,
    "chunks": [2.0, 2.5, 3.25, 4.25],
}
"""Not from a run: each time differs from each other, so that no two formulas agree."""


@check
def figures(function: Function, row: Row) -> None:
    """Check figures(record) on one record. Raises Mistake."""
    record = _record(row)
    found = function(json.loads(json.dumps(row)))
    if type(found) is not dict:
        raise Mistake(f"figures gave {kind(found)}: give a dict with {', '.join(FIGURES)}.")
    lacking = [key for key in FIGURES if key not in found]
    if lacking:
        raise Mistake(f"figures' dict has no {', '.join(lacking)}.")
    for key, mistakes in _figure_mistakes(row).items():
        _figure(key, found[key], getattr(record, key), mistakes)
    _gaps(found["itl"], record, row)


def _record(row: Row) -> Record:
    return Record(**row)


def _figure(
    key: str, found: Any, expected: float | None, mistakes: list[tuple[float, str]]
) -> None:
    if expected is None:
        if found is not None:
            raise Mistake(f"{key} is {found!r} and must be None: this record does not have it.")
        return
    if found is None:
        raise Mistake(f"{key} is None, and this record has all that it needs.")
    value = real(key, found)
    if _close(value, expected):
        return
    mistakes = [*mistakes, (1000 * expected, "Those are milliseconds: give seconds.")]
    said = _first(value, mistakes, "See the formulas in the task.")
    raise Mistake(f"{key} is {value:g} and {expected:g} is right. {said}")


def _figure_mistakes(row: Row) -> dict[str, list[tuple[float, str]]]:
    """What each known mistake gives, by figure; nothing where a record lacks a time."""
    due, sent, first, last, end = (row.get(k) for k in ("due", "sent", "first", "last", "end"))
    due_said = "Count from `due`, when the request should have gone out, and not from `sent`."
    found: dict[str, list[tuple[float, str]]] = {"ttft": [], "e2e": [], "tpot": []}
    if first is not None:
        event = row.get("event") or first
        found["ttft"] = [
            (event - due, "`event` may be a chunk without text: the first token is in `first`."),
            (event - sent, "`event` may be a chunk without text, and it counts from `due`."),
            (first - sent, due_said),
        ]
    if first is None or last is None:
        return found
    found["e2e"] = [
        (end - due, "`end` is when the stream was closed: the last token came at `last`."),
        (end - sent, "From `due` to `last`, not from `sent` to `end`."),
        (last - sent, due_said),
        (row["chunks"][-1] - due if row["chunks"] else 0.0, "The last chunk is at `last`."),
    ]
    tokens = row.get("output_tokens") or 0
    if tokens > 1:
        gaps = len(row["chunks"]) - 1
        found["tpot"] = [
            ((last - first) / tokens, "Between n tokens there are n - 1 gaps: divide by those."),
            ((last - due) / tokens, "You spread the wait for the first token over all of them."),
            ((last - due) / (tokens - 1), "Take the TTFT off first: it is not decoding."),
            ((last - first) / max(1, gaps), "A chunk may hold several tokens: count tokens."),
            (
                (row["chunks"][-1] - first) / max(1, gaps) if row["chunks"] else 0.0,
                "That is the mean gap between chunks (ITL). TPOT divides by tokens.",
            ),
            ((tokens - 1) / (last - first), "That is tokens a second: turn it around."),
        ]
    return found


def _gaps(found: Any, record: Record, row: Row) -> None:
    if type(found) is not list:
        raise Mistake(f"itl is {kind(found)}: give a list of gaps, in seconds.")
    values = [real("a gap in itl", gap) for gap in found]
    expected = record.itl
    if len(values) == len(expected) and all(map(_close, values, expected)):
        return
    if len(values) == len(expected) + 1:
        raise Mistake("itl has one gap too many: the wait for the first chunk is the TTFT.")
    if len(values) == len(expected) and all(
        _close(v, -e) for v, e in zip(values, expected, strict=True)
    ):
        raise Mistake("The gaps are negative: later minus earlier.")
    raise Mistake(
        f"itl has {len(values)} gaps ({_short(values)}) where {len(row['chunks'])} chunks have "
        f"{len(expected)} ({_short(expected)})."
    )


# ---------------------------------------------------------------- exercise 3: a load


@check
def throughput(function: Function, records: list[Row]) -> None:
    """Check throughput(records) on one load. Raises Mistake."""
    summary = metrics.summarise([_record(row) for row in records])
    found = function(json.loads(json.dumps(records)))
    keys = ("seconds", "requests_per_second", "tokens_per_second")
    if type(found) is not dict or any(key not in found for key in keys):
        raise Mistake(f"throughput gave {kind(found)}: give a dict with {', '.join(keys)}.")
    for key, mistakes in _rate_mistakes(records, summary).items():
        value, expected = real(key, found[key]), getattr(summary, key)
        if not _close(value, expected):
            said = _first(value, mistakes, "See the formulas in the task.")
            raise Mistake(f"{key} is {value:g} and {expected:g} is right. {said}")


def _rate_mistakes(records: list[Row], summary: metrics.Summary) -> Mapping[str, list]:
    whole = [row for row in records if row["status"] == "ok"]
    seconds, count = summary.seconds, len(records)
    tokens = sum(row["output_tokens"] or 0 for row in records)
    prompts = sum((row["prompt_tokens"] or 0) + (row["output_tokens"] or 0) for row in whole)
    long = sum(row["end"] - row["due"] for row in records)
    ended = max(row["end"] for row in whole) if whole else 0.0
    due = min(row["due"] for row in records)
    return {
        "seconds": [
            (long, "That is the sum of all requests; they ran side by side."),
            (max(r["end"] for r in records), "The first request was not due at 0: take it off."),
            (
                max(r["end"] - r["due"] for r in records),
                "That is the longest request: a load lasts from the first to the last.",
            ),
            (ended - due, "A failed request took time, too: `end` of the last of all."),
            (records[-1]["end"] - records[0]["due"], "The records are in no order: min and max."),
            (
                max(r["last"] or 0 for r in records) - due,
                "From the first `due` to the last `end`, not `last`.",
            ),
        ],
        "requests_per_second": [
            (count / seconds, "You counted failed requests: only whole answers are throughput."),
            (seconds / max(1, len(whole)), "That is seconds a request: turn it around."),
        ],
        "tokens_per_second": [
            (tokens / seconds, "You counted the tokens of answers that broke off."),
            (prompts / seconds, "Those are prompt tokens, too: output tokens only."),
            (
                sum(len(row["chunks"]) for row in whole) / seconds,
                "You counted chunks: a chunk may hold several tokens.",
            ),
        ],
    }


def _limits(limits: Mapping[str, float]) -> metrics.Limits:
    return metrics.Limits(**limits)


@check
def goodput(function: Function, records: list[Row], limits: dict[str, float]) -> None:
    """Check goodput(records, limits) on one load. Raises Mistake."""
    found = function(json.loads(json.dumps(records)), dict(limits))
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(f"goodput gave {kind(found)}: give two numbers, `return per_second, share`.")
    summary = metrics.summarise([_record(row) for row in records], _limits(limits))
    expected = {"per_second": summary.goodput, "share": summary.good_share}
    for (key, right), value in zip(expected.items(), found, strict=True):
        number = real(key, value)
        if not _close(number, right):
            said = _good_mistake(key, number, records, limits, summary.seconds)
            raise Mistake(f"{key} is {number:g} and {right:g} is right. {said}")


def _good_mistake(
    key: str, found: float, records: list[Row], limits: Mapping[str, float], seconds: float
) -> str:
    parsed = [_record(row) for row in records]
    whole = [record for record in parsed if record.ok]
    total = seconds if key == "per_second" else len(records)

    def kept(chosen: list[Record], given: Mapping[str, float]) -> int:
        return sum(_limits(given).kept(record) for record in chosen)

    good = kept(parsed, limits)
    strict = {name: value * (1 - 1e-9) for name, value in limits.items()}
    broken = sum(_within(record, limits) for record in parsed if not record.ok and record.first)
    single = sum(record.tpot is None and _limits(limits).kept(record) for record in parsed)
    mistakes = [
        ((good + broken) / total, "You counted an answer that broke off: it is not whole."),
        (
            good / max(1, len(whole)),
            "The share is of all requests that were sent, failed ones too.",
        ),
        (100 * good / total, "That is percent: give a share from 0 to 1."),
        ((good - single) / total, "An answer of one token has no TPOT: nothing in it is too slow."),
        (kept(parsed, strict) / total, "A request that just meets a limit keeps to it: <=."),
    ]
    for name in limits:
        others = {k: v for k, v in limits.items() if k != name}
        said = f"You left out the limit of {name}: a good answer keeps to every one."
        mistakes.append((kept(parsed, others) / total, said))
    late = sum(any(_meets(record, n, v) for n, v in limits.items()) for record in whole)
    mistakes.append((late / total, "One limit kept is not enough: all of them (and, not or)."))
    mistakes.append((len(whole) / total, "You counted every whole answer, good or not."))
    if key == "per_second":
        mistakes.append((good, "That is how many: divide by the load's duration."))
    return _first(found, mistakes, "Count the whole answers within every limit.")


def _meets(record: Record, name: str, value: float) -> bool:
    figure = getattr(record, name)
    return figure is None or figure <= value


def _within(record: Record, limits: Mapping[str, float]) -> bool:
    return all(_meets(record, name, value) for name, value in limits.items())


def by_hand() -> list[Row]:
    """A load made by hand, with what a real one seldom holds all at once: an answer of one token,
    one that broke off, one that was refused, and one that just meets a limit."""
    base = {"prompt_tokens": 10, "loop": "open", "level": 2.0, "index": 0}

    def row(due: float, times: list[float], tokens: int | None, status: str = "ok") -> Row:
        first, last = (times[0], times[-1]) if times else (None, None)
        end = (last if last is not None else due) + 0.5
        more = {"due": due, "sent": due + 0.125, "event": first, "first": first, "last": last}
        return (
            base | more | {"end": end, "chunks": times, "output_tokens": tokens, "status": status}
        )

    return [
        row(3.0, [3.5, 4.0, 4.5], 3),
        row(0.5, [1.0, 1.25, 1.5, 1.75], 4),
        row(1.0, [1.5], 1),
        row(1.5, [1.75, 2.0], 2, "broken"),
        row(2.0, [], None, "refused"),
        row(2.5, [3.5, 3.75], 2),
        row(3.5, [4.0, 6.0], 5),
        row(4.0, [], None, "timeout") | {"end": 7.5},
    ]


# ---------------------------------------------------------------- exercise 4: a choice

REASONS = {
    "sample": "too few whole answers for a p95",
    "memory": "the server had more memory than allowed",
    "limits": "too small a share of the requests was answered well",
}
"""Why a load is out of the question, in the order in which they are looked at."""


def decision(
    candidates: Mapping[str, Mapping[str, Any]],
    limits: Mapping[str, float],
    share: float,
    memory: float,
) -> tuple[dict[str, str], dict[str, float]]:
    """(why each candidate that is out is out, goodput a second of the others)."""
    rejected, good = {}, {}
    for name, candidate in candidates.items():
        records = [_record(row) for row in candidate["records"]]
        summary = metrics.summarise(records, _limits(limits))
        if sum(record.ok for record in records) < metrics.needed(0.95):
            rejected[name] = "sample"
        elif candidate["peak_bytes"] > memory:
            rejected[name] = "memory"
        elif summary.good_share < share:
            rejected[name] = "limits"
        else:
            good[name] = summary.goodput
    return rejected, good


@check
def choose(
    function: Function,
    candidates: Mapping[str, Mapping[str, Any]],
    limits: dict[str, float],
    share: float,
    memory: float,
) -> None:
    """Check choose(candidates, limits, share, memory). Raises Mistake."""
    copy = json.loads(json.dumps(candidates))
    expected, good = decision(candidates, limits, share, memory)
    try:
        found = function(copy, dict(limits), share, memory)
    except ValueError as error:
        if good:
            raise
        raise Mistake(
            f"Every candidate is out, and choose stopped with ValueError ({error}): the choice is "
            "None then; max(..., default=None) gives that."
        ) from None
    if type(found) is not dict or "choice" not in found or "rejected" not in found:
        raise Mistake(f"choose gave {kind(found)}: give a dict with choice and rejected.")
    rejected = found["rejected"]
    if type(rejected) is not dict:
        raise Mistake(f"rejected is {kind(rejected)}: give a dict, name: reason.")
    for name, reason in rejected.items():
        if name not in candidates:
            raise Mistake(f"rejected names {name!r}, which is no candidate.")
        if type(reason) is not str or reason not in REASONS:
            raise Mistake(f"{reason!r} is no reason: {', '.join(REASONS)}.")
        if name not in expected:
            raise Mistake(f"{name} is rejected for {reason}, and nothing speaks against it.")
    for name, reason in expected.items():
        if rejected.get(name) != reason:
            said = f"not for {rejected[name]!r}" if name in rejected else "and was not rejected"
            raise Mistake(
                f"{name} is out because of {reason!r} ({REASONS[reason]}), {said}. The reasons "
                "are looked at in this order: sample, memory, limits."
            )
    _chosen(found["choice"], candidates, good)


def _chosen(choice: Any, candidates: Mapping[str, Any], good: Mapping[str, float]) -> None:
    if not good:
        if choice is not None:
            raise Mistake(f"The choice is {choice!r}, and every candidate is out: None.")
        return
    best = max(good, key=lambda name: (good[name], -candidates[name]["peak_bytes"]))
    if type(choice) is not str or choice not in candidates:
        raise Mistake(f"The choice is {choice!r}: give the name of a candidate.")
    if choice not in good:
        raise Mistake(f"The choice is {choice}, which is out of the question.")
    if choice != best:
        raise Mistake(
            f"The choice is {choice} with {good[choice]:.3g} good answers a second (memory "
            f"{candidates[choice]['peak_bytes']:,}), and {best} has {good[best]:.3g} (memory "
            f"{candidates[best]['peak_bytes']:,}): the most good answers, then the less memory."
        )


def candidates_by_hand() -> dict[str, dict[str, Any]]:
    """Candidates made by hand: too small a sample, too large, fast and seldom good, hasty (more
    answers than good ones), and two that differ in memory only."""

    def records(n: int, gap: float, slow: int) -> list[Row]:
        made = []
        for index in range(n):
            due = index * gap
            wait = 2.0 if index < slow else 0.25
            times = [due + wait, due + wait + 0.25, due + wait + 0.5]
            made.append(
                MADE_BY_HAND
                | {"due": due, "sent": due, "event": times[0], "first": times[0]}
                | {"last": times[-1], "end": times[-1], "chunks": times, "output_tokens": 3}
            )
        return made

    return {
        "small sample": {"records": records(58, 1 / 64, 0), "peak_bytes": 100},
        "large": {"records": records(60, 1 / 64, 0), "peak_bytes": 900},
        "fast": {"records": records(200, 1 / 64, 40), "peak_bytes": 300},
        "hasty": {"records": records(100, 3 / 64, 25), "peak_bytes": 150},
        "steady": {"records": records(100, 1 / 16, 0), "peak_bytes": 400},
        "lean": {"records": records(100, 1 / 16, 0), "peak_bytes": 200},
        "slow": {"records": records(100, 0.5, 2), "peak_bytes": 100},
    }

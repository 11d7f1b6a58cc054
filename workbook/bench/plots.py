"""Pictures of measured tables. Each has a title that says what to see."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


def bars(panels: dict[str, dict[str, float]], title: str, formats: dict[str, str]) -> Figure:
    """One panel of bars for each quantity: {quantity: {name: value}}.

    formats: {quantity: format of the value on its bar}, for example "{:.1f} MB".
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(3.4 * len(panels), 3.2), squeeze=False)
    for axis, (quantity, values) in zip(axes[0], panels.items(), strict=True):
        drawn = axis.bar(list(values), list(values.values()), color="#3b6ea5", width=0.6)
        labels = [formats[quantity].format(v) for v in values.values()]
        axis.bar_label(drawn, labels=labels, padding=2, fontsize=9)
        axis.set_title(quantity, fontsize=10)
        axis.set_ylim(0, 1.18 * max(values.values()))
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(axis="x", labelsize=9)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    plt.close(figure)
    return figure


COLOURS = ("#3b6ea5", "#c1622d", "#4f8a4c", "#7d5ba6", "#8a6d3b", "#555555")


def of(report, scores: Mapping[str, tuple[int, int]] | None = None) -> dict[str, Figure]:
    """The pictures of a bench report by name; those that it has no data for are left out.

    report: a workbook.bench.report.Report; scores: (right answers, questions) by runtime.
    """
    found = {
        "throughput": throughput(report),
        "latency": latency(report),
        "memory": memory(report),
        "quality": quality(report, scores or {}),
    }
    return {name: figure for name, figure in found.items() if figure is not None}


def throughput(report) -> Figure | None:
    """Tokens/s against concurrency; the line is the median, the band spans the rounds."""
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    for name, colour in _colours(report):
        mine = [x for x in report.levels if x.runtime == name and x.loop == "closed"]
        mine = [x for x in mine if x.tokens_per_second is not None]
        rates = [[s.tokens_per_second for s in x.rounds.values()] for x in mine]
        clients = [x.level for x in mine]
        axis.plot(clients, [x.tokens_per_second for x in mine], "o-", color=colour, label=name)
        low, high = [min(r) for r in rates], [max(r) for r in rates]
        axis.fill_between(clients, low, high, color=colour, alpha=0.2)
    if not axis.lines or not any(len(line.get_xdata()) for line in axis.lines):
        plt.close(figure)
        return None
    ticks = sorted({x.level for x in report.levels if x.loop == "closed"})
    axis.set_xscale("log", base=2)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set(xlabel="clients", ylabel="output tokens/s", title="More clients: more tokens?")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False)
    return _done(figure)


def latency(report) -> Figure | None:
    """The distribution of TTFT, TPOT and E2E: one row for the lightest and one for the heaviest
    load, a curve for each runtime; all requests of all rounds."""
    loads = sorted({(x.loop, x.level) for x in report.levels})
    loads = list(dict.fromkeys([loads[0], loads[-1]]))
    size = (9.6, 2.9 * len(loads))
    figure, axes = plt.subplots(len(loads), 3, figsize=size, squeeze=False)
    for row, (loop, level) in zip(axes, loads, strict=True):
        unit = "clients" if loop == "closed" else "requests/s"
        for axis, quantity in zip(row, ("ttft", "tpot", "e2e"), strict=True):
            for name, colour in _colours(report):
                found = report.at(name, loop, level)
                values = [getattr(r, quantity) for r in found.records if r.ok] if found else []
                values = sorted(1000 * value for value in values if value is not None)
                if values:
                    shares = [(i + 1) / len(values) for i in range(len(values))]
                    axis.step(values, shares, where="post", color=colour, label=name)
            axis.set(xlabel=f"{quantity.upper()}, ms", title=f"{level:g} {unit}", ylim=(0, 1))
            axis.set_xlim(left=0)
        row[0].set_ylabel("share of requests")
    axes[0][0].legend(frameon=False, fontsize=9)
    return _done(figure)


def roofline(estimates: Mapping[str, list], title: str = "") -> Figure:
    """The bound of tokens/s against the requests at once, a line for each list of
    planning.Estimate. A filled point: memory sets it; a hollow one: compute does."""
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    for (name, line), colour in zip(estimates.items(), COLOURS, strict=False):
        batches = [e.batch for e in line]
        rates = [e.bound.tokens_per_second for e in line]
        axis.plot(batches, rates, "o-", color=colour, label=name, markersize=4)
        computed = [(b, r) for b, r, e in zip(batches, rates, line, strict=True)
                    if e.bound.by == "compute"]  # fmt: skip
        if computed:
            axis.plot(*zip(*computed, strict=True), "o", color="white", markersize=2)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    ticks = sorted({e.batch for line in estimates.values() for e in line})
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set(xlabel="requests at once", ylabel="tokens/s at most, all together", title=title)
    axis.legend(frameon=False, fontsize=9)
    return _done(figure)


def memory(report) -> Figure | None:
    """The most memory that each runtime had resident under any load."""
    peaks = {name: [x.peak_bytes for x in report.levels if x.runtime == name and x.peak_bytes]
             for name, _ in _colours(report)}  # fmt: skip
    values = {name: max(found) / 1e6 for name, found in peaks.items() if found}
    if not values:
        return None
    return bars({"peak resident memory": values}, "", {"peak resident memory": "{:.0f} MB"})


def quality(report, scores: Mapping[str, tuple[int, int]]) -> Figure | None:
    """Share of right answers (with its 95 % interval) against the best tokens/s."""
    from workbook import evaluate

    best = {name: max((x.tokens_per_second or 0 for x in report.levels if x.runtime == name),
                      default=0) for name in scores}  # fmt: skip
    if not any(best.values()):
        return None
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    for name, colour in _colours(report):
        if not best.get(name):
            continue
        right, total = scores[name]
        low, high = evaluate.wilson(right, total)
        share = right / total
        bars = [[100 * max(0, share - low)], [100 * max(0, high - share)]]
        axis.errorbar([best[name]], [100 * share], bars, fmt="o", color=colour, capsize=3)
        axis.annotate(name, (best[name], 100 * share), (8, 4), textcoords="offset points")
    axis.set(xlabel="output tokens/s, best load", ylabel="right answers, %", ylim=(0, 102))
    axis.set_xlim(left=0)
    axis.set_title("Quality against speed")
    return _done(figure)


def _colours(report) -> list[tuple[str, str]]:
    names = list(dict.fromkeys(level.runtime for level in report.levels))
    return [(name, COLOURS[i % len(COLOURS)]) for i, name in enumerate(sorted(names))]


def _done(figure: Figure) -> Figure:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    plt.close(figure)
    return figure

"""Pictures of measured tables. Each has a title that says what to see."""

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


def accuracy(groups: dict[str, dict[str, tuple[float, float, float]]], title: str) -> Figure:
    """Accuracy with intervals: {name: {family: (share, low, high)}}, shares from 0 to 1."""
    families = list(next(iter(groups.values())))
    figure, axis = plt.subplots(figsize=(9, 3.4))
    width = 0.8 / len(groups)
    colours = ("#1b3a57", "#3b6ea5", "#9cc3e6", "#d9a441")
    for i, (name, shares) in enumerate(groups.items()):
        values = [shares[f][0] for f in families]
        low = [shares[f][0] - shares[f][1] for f in families]
        high = [shares[f][2] - shares[f][0] for f in families]
        places = [x + (i - (len(groups) - 1) / 2) * width for x in range(len(families))]
        axis.bar(places, values, width * 0.92, yerr=(low, high), label=name, capsize=2,
                 color=colours[i % len(colours)], error_kw={"linewidth": 0.8})  # fmt: skip
    axis.set_xticks(range(len(families)), [f.replace("_", " ") for f in families], fontsize=9)
    axis.set_ylim(0, 1.05)
    axis.set_ylabel("share of right answers")
    axis.set_title(title, fontsize=11)
    axis.legend(fontsize=9, ncols=len(groups), loc="lower center", bbox_to_anchor=(0.5, -0.32))
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    plt.close(figure)
    return figure

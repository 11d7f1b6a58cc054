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

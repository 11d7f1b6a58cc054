"""Sliders over the memory plan and the roofline of a deployment."""

import io
from base64 import b64encode

import ipywidgets as widgets
from matplotlib.figure import Figure

from workbook.bench import planning, plots
from workbook.bench.roofline import Ceiling
from workbook.models import Geometry


class Planner(widgets.VBox):
    """What `planner` gives. Where no widget is shown it is the table of all precisions."""

    def __init__(self, geometry: Geometry, ceiling: Ceiling, context: int, batch: int) -> None:
        self.geometry, self.ceiling = geometry, ceiling
        self.precision = widgets.ToggleButtons(options=list(planning.BLOCK), value="int4")
        self.context = widgets.SelectionSlider(
            options=[2**n for n in range(9, 18)], value=context, description="context"
        )
        self.batch = widgets.SelectionSlider(
            options=planning.BATCHES, value=batch, description="requests"
        )
        measured = ceiling.bandwidth / 1e9
        self.bandwidth = widgets.FloatSlider(
            value=measured, min=min(5.0, measured), max=max(1000.0, measured), step=0.1,
            description="GB/s", readout_format=".1f",
        )  # fmt: skip
        self.table, self.picture = widgets.HTML(), widgets.HTML()
        for control in (self.precision, self.context, self.batch, self.bandwidth):
            control.observe(self._draw, names="value")
        sliders = widgets.HBox([self.context, self.batch, self.bandwidth])
        super().__init__([self.precision, sliders, self.table, self.picture])
        self._draw()

    def estimate(self, precision: str, batch: int) -> planning.Estimate:
        """What the sliders say, for one precision and batch."""
        ceiling = Ceiling(
            self.bandwidth.value * 1e9, self.ceiling.compute, self.ceiling.threads, 1.0
        )
        context = self.context.value
        return planning.estimate(self.geometry, ceiling, precision, context=context, batch=batch)

    def _draw(self, _: object = None) -> None:
        chosen = self.estimate(self.precision.value, self.batch.value)
        self.table.value = planning.table([chosen])._repr_html_()
        lines = {
            name: [self.estimate(name, batch) for batch in planning.BATCHES]
            for name in planning.BLOCK
        }
        self.picture.value = _image(plots.roofline(lines, "The most this machine could give"))

    def _all(self):
        rows = [self.estimate(name, self.batch.value) for name in planning.BLOCK]
        return planning.table(rows)

    def __str__(self) -> str:
        return str(self._all())

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        return {**bundle, "text/html": self._all()._repr_html_(), "text/plain": str(self)}


def planner(
    geometry: Geometry, ceiling: Ceiling, *, context: int = 4096, batch: int = 4
) -> Planner:
    """Choose precision, context, requests at once and memory bandwidth; see what it takes and the
    most that it could give. `print` it where widgets do not show, or take
    `workbook.bench.planning`."""
    return Planner(geometry, ceiling, context, batch)


def _image(figure: Figure) -> str:
    made = io.BytesIO()
    figure.savefig(made, format="png", dpi=80)
    text = b64encode(made.getvalue()).decode()
    return (
        f'<img alt="tokens a second against requests at once" src="data:image/png;base64,{text}">'
    )

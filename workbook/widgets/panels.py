"""Choose model and place for every notebook, without editing a cell."""

from html import escape

import ipywidgets as widgets

from workbook import models, settings
from workbook.errors import CourseError


def settings_panel() -> widgets.Widget:
    """Two drop-down lists and a button that saves the choice for all notebooks. Where widgets do
    not show, use `settings.save(settings.Choice("pocket", "auto"))`."""
    now = settings.choose()
    models.get(now.model)  # a misspelled WORKBOOK_MODEL is said in one sentence
    model = widgets.Dropdown(options=list(models.MODELS), value=now.model, description="Model")
    place = widgets.Dropdown(options=settings.PLACES, value=now.place, description="Place")
    button = widgets.Button(description="Save", button_style="primary")
    said = widgets.HTML()

    def save(_) -> None:
        settings.save(settings.Choice(model.value, place.value))
        said.value = "Saved. Restart a notebook's kernel to work with the new choice."
        try:
            models.folder(model.value)
        except CourseError as missing:
            said.value = f"Saved, but not ready: {escape(str(missing))}"

    button.on_click(save)
    return widgets.VBox([widgets.HBox([model, place, button]), said])

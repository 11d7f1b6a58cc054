"""ipywidgets views over the floors below; each has a plain fallback and no logic of its own."""

from workbook.widgets.panels import settings_panel
from workbook.widgets.playgrounds import EXAMPLES, pieces, playground

__all__ = ["EXAMPLES", "pieces", "playground", "settings_panel"]

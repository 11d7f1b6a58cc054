"""Start a serving runtime, or attach to one that runs already."""

from workbook.runtimes.base import Runtime
from workbook.runtimes.places import NAMES, serve, start

__all__ = ["NAMES", "Runtime", "serve", "start"]

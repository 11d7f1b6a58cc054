"""Start a serving runtime, or attach to one that runs already."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbook.runtimes.base import Runtime
    from workbook.runtimes.places import NAMES, serve, start

__all__ = ["NAMES", "Runtime", "serve", "start"]


def __getattr__(name: str):
    # Loaded at first use: the small processes of this package (keeper, leash) must start at once.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from workbook.runtimes import base, places

    return getattr(base if name == "Runtime" else places, name)

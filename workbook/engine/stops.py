"""Where an answer's text ends: at the first stop string, which the client does not see."""

from collections.abc import Sequence


class StopStrings:
    """Text goes in piece by piece and comes out up to the first stop string.

    The end of a piece that may be the beginning of a stop string is held back until later pieces
    show whether it is: a stop string is found across any number of tokens.
    `found` says that one was there; `taken` counts the characters that came out.
    """

    def __init__(self, stops: Sequence[str]):
        self._stops = stops
        self._held = ""
        self.found = False
        self.taken = 0

    def feed(self, text: str) -> str:
        """The text that is certain now. Nothing more comes out once a stop string is found."""
        if self.found:
            return ""
        text = self._held + text
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.found, self._held = True, ""
            return self._give(text[: min(places)])
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        cut = len(text) - keep
        self._held = text[cut:]
        return self._give(text[:cut])

    def flush(self) -> str:
        """What was held back: the answer goes on otherwise, or ends."""
        held, self._held = self._held, ""
        return self._give(held)

    def _give(self, text: str) -> str:
        self.taken += len(text)
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`, but is not all of it."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)

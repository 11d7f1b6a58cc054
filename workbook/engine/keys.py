"""API keys from a file, and what each of them may use.

The file is TOML and holds no key, only hashes (`python -m workbook.engine --make-key NAME` prints
a new key and its lines). A key is 32 random bytes, so that a plain SHA-256 of it cannot be turned
back by trying:

    [[keys]]
    name = "alice"
    sha256 = "9f86d0…"
    requests_per_minute = 60     # optional
    tokens_per_minute = 20000    # optional: prompt and answer together
"""

import hashlib
import hmac
import math
import re
import secrets
import stat
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbook.engine.errors import ApiError
from workbook.errors import CourseError

MOST_NAMED = 128
"""Most characters of a key that is looked at."""


class Allowance:
    """So much a minute: a bucket that fills steadily and holds one minute's worth.

    clock: seconds that only grow.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic):
        self.per_minute = per_minute
        self._clock = clock
        self._left = float(per_minute)
        self._seen = clock()

    @property
    def left(self) -> float:
        """What may be used now."""
        now = self._clock()
        self._left += (now - self._seen) * self.per_minute / 60
        self._left = min(self._left, self.per_minute)
        self._seen = now
        return self._left

    def take(self, amount: float) -> float:
        """Take it and give 0, or leave it and give the seconds until it is there.

        More than a minute's worth counts as a minute's worth: it must be possible at all.
        """
        missing = min(amount, self.per_minute) - self.left
        if missing > 0:
            return missing * 60 / self.per_minute
        self._left -= min(amount, self.per_minute)
        return 0.0

    def settle(self, taken: float, used: float) -> None:
        """What was taken turned out to be another amount."""
        self._left = self.left + min(taken, self.per_minute) - used


@dataclass
class Client:
    """Who owns a key. None where there is no limit."""

    name: str
    requests: Allowance | None = None
    tokens: Allowance | None = None

    def begin(self) -> None:
        """Count a request. Raises ApiError 429 when there were too many."""
        if self.requests and (wait := self.requests.take(1)):
            _refuse("requests", self.requests.per_minute, wait)

    def reserve(self, tokens: int) -> None:
        """Take the tokens that a request may need at most. Raises ApiError 429."""
        if self.tokens and (wait := self.tokens.take(tokens)):
            _refuse("tokens", self.tokens.per_minute, wait)

    def settle(self, reserved: int, used: int) -> None:
        """Give back what was reserved and not used."""
        if self.tokens:
            self.tokens.settle(reserved, used)


def _refuse(what: str, limit: int, wait: float) -> None:
    raise ApiError(
        429,
        f"This API key may use {limit} {what} a minute, and they are used up: send the request "
        f"again after the seconds in Retry-After.",
        code=f"{what}_per_minute_exceeded",
        wait=max(1, math.ceil(wait)),
    )


class Keys:
    """The clients of a file."""

    def __init__(self, clients: dict[bytes, Client]):
        self._clients = clients

    def client(self, authorization: str) -> Client:
        """Whose key stands in an Authorization header. Raises ApiError 401.

        Every known hash is compared, each in constant time: the time says nothing about the keys.
        """
        scheme, _, key = authorization.partition(" ")
        digest = _digest(key.strip()[:MOST_NAMED])
        found = None
        for known, client in self._clients.items():
            if hmac.compare_digest(known, digest):
                found = client
        if scheme.lower() != "bearer" or found is None:
            what = "is not known here" if authorization else "is missing"
            raise ApiError(
                401,
                f"The API key {what}: send the header Authorization: Bearer KEY.",
                code="invalid_api_key" if authorization else "missing_api_key",
            )
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def read(file: Path) -> Keys:
    """The keys of a file. Raises CourseError when it cannot be read, is wrong, or when others than
    its owner and its group may write it."""
    try:
        if sys.platform != "win32" and file.stat().st_mode & stat.S_IWOTH:
            raise CourseError(
                f"Everybody may write {file}, and so make keys: run `chmod o-w {file}`."
            )
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"The API keys in {file} cannot be read: {error}.") from None
    entries = found.get("keys")
    if not isinstance(entries, list) or not entries:
        raise CourseError(f"{file} holds no [[keys]]: make one with --make-key NAME.")
    clients: dict[bytes, Client] = {}
    for number, entry in enumerate(entries, 1):
        digest, client = _client(entry, f"Key {number} in {file}")
        if digest in clients or client.name in {other.name for other in clients.values()}:
            raise CourseError(f"Key {number} in {file} is there twice: remove one.")
        clients[digest] = client
    return Keys(clients)


def _client(entry: object, where: str) -> tuple[bytes, Client]:
    fields = {"name", "sha256", "requests_per_minute", "tokens_per_minute"}
    if not isinstance(entry, dict) or not set(entry) <= fields:
        raise CourseError(f"{where} is wrong: it may hold {', '.join(sorted(fields))}.")
    name, digest = entry.get("name"), entry.get("sha256")
    if not isinstance(name, str) or not re.fullmatch(r"[\w.@-]{1,64}", name):
        raise CourseError(f"{where} has no name: give one of letters, digits, dots and dashes.")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise CourseError(f"{where} has no sha256 of 64 hexadecimal digits: see --make-key.")
    allowances = [
        _allowance(entry.get(f"{what}_per_minute"), f"{where}: {what}_per_minute")
        for what in ("requests", "tokens")
    ]
    return bytes.fromhex(digest), Client(name, *allowances)


def _allowance(value: object, where: str) -> Allowance | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CourseError(f"{where} is {value!r}: give a whole number above 0.")
    return Allowance(value)


def make(name: str) -> str:
    """A new key and the lines for the file, as text for a terminal."""
    key = f"slm-{secrets.token_urlsafe(32)}"
    _client({"name": name, "sha256": _digest(key).hex()}, "The new key")
    return (
        f"The key, for {name} (it is shown this once):\n{key}\n\nThe lines for the file:\n"
        f'[[keys]]\nname = "{name}"\nsha256 = "{_digest(key).hex()}"\n'
    )

"""Questions to a server over HTTP: is it there, is it ready, what does it serve?"""

from typing import Any
from urllib.parse import urlsplit

import httpx

from workbook.errors import CourseError
from workbook.runtimes.base import is_local

TIMEOUT = 5.0
"""Seconds that one question may take."""


def get(url: str, *, timeout: float = TIMEOUT, key: str = "") -> httpx.Response:
    """One GET, with an API key where one is given.

    Raises httpx.HTTPError or httpx.InvalidURL when there is no answer.
    """
    # A proxy that the environment names knows nothing of this machine's own ports.
    local = is_local(url)
    verify = not url.startswith("http:")  # reading the certificates takes longer than the question
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(
        trust_env=not local, timeout=timeout, verify=verify, headers=headers
    ) as client:
        return client.get(url)


def fields(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in a response; empty when it holds something else."""
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def clean(url: str) -> str:
    """A server's address without /v1 and the like at its end.

    Raises CourseError when it is not an http address.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CourseError(
            f"{url!r} is not the address of a server: give one like http://127.0.0.1:8080."
        )
    return url.strip().rstrip("/").removesuffix("/v1").rstrip("/")


def served_models(root_url: str, key: str = "") -> list[str] | None:
    """The names that /v1/models lists; None when the server has no such list.

    Raises CourseError when the server wants an API key, or another one.
    """
    response = get(f"{root_url}/v1/models", key=key)
    if response.status_code in (401, 403):
        raise CourseError(
            f"The server at {root_url} {'refuses the API key' if key else 'asks for an API key'}: "
            f"put the right one into the runtime's WORKBOOK_..._KEY variable."
        )
    data = fields(response).get("data")
    if response.status_code != 200 or not isinstance(data, list):
        return None
    return [str(card.get("id")) for card in data if isinstance(card, dict)]

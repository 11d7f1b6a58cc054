"""Errors over HTTP: one sentence, in OpenAI's shape."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from workbook.engine.generation import BadGuidance, PromptTooLong

NESTED = "nested too deeply: send fewer levels"
INTERNAL = "The engine failed while it worked on this request: see its log for the traceback."


KINDS = {401: "authentication_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """A request that cannot be served: HTTP status, a sentence, and which field it is about.

    wait: the seconds after which it may be asked again, for Retry-After.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str = "",
        wait: int | None = None,
    ):
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code or None
        self.headers = {} if wait is None else {"Retry-After": str(wait)}
        if status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"

    @property
    def body(self) -> dict:
        """The error object that OpenAI's clients read."""
        return body(str(self), self.status, self.param, self.code)


class ReadError(HTTPException):
    """A body that is not read to its end: FastAPI lets its own kind of exception through."""

    def __init__(self, status: int, message: str, code: str):
        super().__init__(status, message)
        self.code = code


def body(message: str, status: int, param: str | None = None, code: str | None = None) -> dict:
    """The error object that OpenAI's clients read."""
    kind = "server_error" if status >= 500 else KINDS.get(status, "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def install(app: FastAPI, seen: Callable[[str], None] = lambda code: None) -> None:
    """Make the app answer every error in this shape; seen: is told each error's code."""

    def _response(
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JSONResponse:
        seen(code or f"http_{status}")
        return JSONResponse(body(message, status, param, code), status, headers)

    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> JSONResponse:
        return _response(error.status, str(error), error.param, error.code, error.headers)

    @app.exception_handler(PromptTooLong)
    async def _too_long(request: Request, error: PromptTooLong) -> JSONResponse:
        param = "messages" if request.url.path.endswith("/chat/completions") else "prompt"
        return _response(400, str(error), param, "context_length_exceeded")

    @app.exception_handler(BadGuidance)
    async def _guidance(_: Request, error: BadGuidance) -> JSONResponse:
        return _response(400, str(error), "response_format", "invalid_schema")

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        param, message = sentence(error.errors())
        return _response(422, message, param, "invalid_value")

    @app.exception_handler(RecursionError)
    async def _deep(_: Request, __: RecursionError) -> JSONResponse:
        return _response(400, f"The body is {NESTED}.", None, "invalid_value")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error, ReadError):
            return _response(error.status_code, error.detail, None, error.code)
        message = f"The request cannot be read ({error.detail}): send a JSON object in UTF-8."
        if error.status_code in (404, 405):
            message = (
                f"There is no {request.method} {request.url.path} here: GET / lists the endpoints."
            )
        return _response(error.status_code, message)

    @app.exception_handler(Exception)  # the server logs the traceback
    async def _internal(_: Request, __: Exception) -> JSONResponse:
        return _response(500, INTERNAL, None, "internal_error")


def sentence(errors: Sequence[dict]) -> tuple[str | None, str]:
    """The field that is wrong (like `messages[0].content`) and one sentence about it."""
    error = _deepest(errors)
    if error["type"] == "json_invalid":
        reason = error.get("ctx", {}).get("error", "cannot be read")
        return None, f"The body is not JSON ({reason}): send a JSON object."
    param = _path(error["loc"])
    if not param and error["type"] == "value_error":
        return None, f"The body is wrong: {_reason(error)}."
    if not param:
        return None, (
            "The body is not a JSON object: send one, with the header "
            "Content-Type: application/json."
        )
    if error["type"] == "missing":
        return param, f"The field {param} is missing: send it."
    found = "" if error["type"] == "value_error" else f"; found {_short(error.get('input'))}"
    reason = _reason(error)
    return param, f"The field {param} is wrong: {reason}{found}."


def _reason(error: dict) -> str:
    if error["type"] == "string_pattern_mismatch":
        return "it is empty, send some text"
    if error["type"] == "too_short":
        return "it is empty, send at least one"
    if error["loc"][-1] == "type" and error["type"] == "literal_error":
        return f"this engine reads {error['ctx']['expected']} only"
    return error["msg"].removeprefix("Value error, ").replace("Input should", "it should")


def _deepest(errors: Sequence[dict]) -> dict:
    # Of a union's alternatives, the one that got furthest is what the client meant.
    first = errors[0]["loc"][:2]
    return max((e for e in errors if e["loc"][:2] == first), key=lambda e: len(e["loc"]))


def _path(location: Sequence[str | int]) -> str:
    path = ""
    for part in location[1:]:  # the first says "body"
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() and part != "str":  # not the name of a union's alternative
            path += f".{part}"
    return path.removeprefix(".")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

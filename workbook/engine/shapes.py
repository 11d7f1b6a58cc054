"""What the OpenAPI description says of answers: their fields, and every error with its meaning."""

from typing import Any, Literal

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as PROMETHEUS
from pydantic import BaseModel

Finish = Literal["stop", "length", "tool_calls"]


class ErrorDetail(BaseModel):
    """What went wrong, in one sentence, and which field it is about."""

    message: str
    type: str
    param: str | None
    code: str | None


class Error(BaseModel):
    """An error in OpenAI's shape."""

    error: ErrorDetail


class Status(BaseModel):
    """How the server is: ok, loading, failed or leaving."""

    status: str


class Card(BaseModel):
    """A model that is served."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Cards(BaseModel):
    """The models that are served."""

    object: Literal["list"]
    data: list[Card]


class Usage(BaseModel):
    """Tokens that were read and generated."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CalledFunction(BaseModel):
    """A function that the model asks to be called; `arguments` is JSON as text."""

    name: str
    arguments: str


class Call(BaseModel):
    """A tool call."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class Answer(BaseModel):
    """What the model says."""

    role: Literal["assistant"]
    content: str | None
    tool_calls: list[Call] = []


class Scored(BaseModel):
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float
    bytes: list[int]


class ScoredToken(Scored):
    """A token of the answer, and the most probable ones in its place."""

    top_logprobs: list[Scored]


class Scores(BaseModel):
    """Log-probabilities, token by token."""

    content: list[ScoredToken]
    refusal: None


class Choice(BaseModel):
    """The answer: there is one."""

    index: int
    message: Answer
    logprobs: Scores | None
    finish_reason: Finish


class ChatCompletion(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class TextScores(BaseModel):
    """Log-probabilities of a plain completion."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class TextChoice(BaseModel):
    """The text: there is one."""

    index: int
    text: str
    logprobs: TextScores | None
    finish_reason: Finish


class Completion(BaseModel):
    """A plain completion."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[TextChoice]
    usage: Usage


class Reasoning(BaseModel):
    """The tutorial's answer; `inference_time` in seconds."""

    generated_text: str
    task_type: str
    inference_time: float
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Finish


WAIT = {
    "Retry-After": {
        "description": "Seconds after which the request may be sent again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
ID = {
    "X-Request-ID": {
        "description": "The request's id: the one that was sent, or a new one.",
        "schema": {"type": "string"},
    }
}


def _error(what: str, *, wait: bool = False) -> dict[str, Any]:
    return {"model": Error, "description": what, "headers": ID | (WAIT if wait else {})}


def _good(model: type[BaseModel], what: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "description": what, "headers": ID, **more}


ALWAYS: dict[int | str, dict[str, Any]] = {500: _error("The server failed: its log says why.")}
PROBE: dict[int | str, dict[str, Any]] = {
    200: _good(Status, "Yes."),
    503: _good(Status, "No, or not yet."),
}
MODELS: dict[int | str, dict[str, Any]] = {
    200: _good(Cards, "One model."),
    401: _error("An API key is asked for, and none or an unknown one was sent."),
    429: _error("The API key's requests a minute are used up.", wait=True),
}
METRICS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Figures for Prometheus.",
        "content": {PROMETHEUS: {"schema": {"type": "string"}}},
        "headers": ID,
    }
}
_ASKED: dict[int | str, dict[str, Any]] = {
    400: _error("The request cannot be fulfilled as it is: its prompt is too long, say."),
    401: _error("An API key is asked for, and none or an unknown one was sent."),
    413: _error("The body is larger than this server reads."),
    422: _error("A field is wrong."),
    429: _error("The queue is full, or the API key's allowance is used up.", wait=True),
    503: _error("The model is still loading, or the server is shutting down.", wait=True),
    504: _error("The answer was not ready before this server's deadline."),
}
_WRONG_MODEL = {404: _error("This server serves another model.")}
_EVENTS = {
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",  # one event
                "properties": {"data": {"type": "string"}},
                "required": ["data"],
                "description": "With stream: `data: {...}` events, the last one `data: [DONE]`, "
                "or an event with an error.",
            }
        }
    }
}
REASONING = _ASKED | {200: _good(Reasoning, "The answer.")}
CHAT = _ASKED | _WRONG_MODEL | {200: _good(ChatCompletion, "The answer.", **_EVENTS)}
COMPLETIONS = _ASKED | _WRONG_MODEL | {200: _good(Completion, "The answer.", **_EVENTS)}


def described(app: FastAPI, model: str, *, keyed: bool) -> dict[str, Any]:
    """The OpenAPI description: FastAPI's, with the model's name and, where there are keys, with
    how they are sent."""
    if app.openapi_schema is None:
        found = FastAPI.openapi(app)
        schemas = found["components"]["schemas"]
        for request in ("ChatRequest", "CompletionRequest"):
            schemas[request]["properties"]["model"] = {"type": "string", "enum": [model]}
        for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of errors
            schemas.pop(unused, None)
        if keyed:
            found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path, operations in found["paths"].items():
                if path.startswith(("/v1/", "/reasoning")):
                    for operation in operations.values():
                        operation["security"] = [{"key": []}]
    return app.openapi_schema or {}

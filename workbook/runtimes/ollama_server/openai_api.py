"""The stand-in's endpoints in OpenAI's shape, under /v1, as Ollama has them too."""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from workbook.runtimes.ollama_server import schemas
from workbook.runtimes.ollama_server.embedding import embed
from workbook.runtimes.ollama_server.generation import Ask, Clock, Done, ToolCall
from workbook.runtimes.ollama_server.messages import from_openai, tool
from workbook.runtimes.ollama_server.service import Service
from workbook.runtimes.ollama_server.store import Model
from workbook.runtimes.ollama_server.transport import GONE, line, log, unless_gone
from workbook.runtimes.ollama_server.values import ApiError, Body

TYPES = {400: "invalid_request_error", 404: "not_found_error"}


def install(app: FastAPI, service: Service) -> None:
    """Add the endpoints to an application."""

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_card(model) for model in service.store.all()]}

    @app.get("/v1/models/{name:path}")
    def model(name: str) -> Response:
        try:
            return JSONResponse(_card(service.model(name)))
        except ApiError as error:
            return _error(error)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        try:
            body = Body.read("ChatCompletionRequest", await request.body())
            return await _chat(service, request, body)
        except ApiError as error:
            return _error(error)

    @app.post("/v1/embeddings")
    async def embeddings(request: Request) -> Response:
        try:
            body = Body.read("EmbedRequest", await request.body())
            found = await unless_gone(request, embed(service, body))
        except ApiError as error:
            return _error(error)
        return GONE if found is None else JSONResponse(_embeddings(found))


def _card(model: Model) -> dict[str, Any]:
    created = int(model.modified.timestamp())
    return {"id": model.name, "object": "model", "created": created, "owned_by": "library"}


def _problem(error: ApiError) -> dict[str, Any]:
    kind = TYPES.get(error.status, "api_error")
    return {"error": {"message": str(error), "type": kind, "param": None, "code": None}}


def _error(error: ApiError) -> JSONResponse:
    return JSONResponse(_problem(error), error.status)


def _embeddings(found: dict[str, Any]) -> dict[str, Any]:
    data = [
        {"object": "embedding", "embedding": vector, "index": index}
        for index, vector in enumerate(found["embeddings"])
    ]
    count = found["prompt_eval_count"]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return {"object": "list", "data": data, "model": found["model"], "usage": usage}


# ---------------------------------------------------------------- chat


async def _chat(service: Service, request: Request, body: Body) -> Response:
    model = service.model(body.model())
    parts = _parts(service, model, body)
    frame = {
        "id": f"chatcmpl-{secrets.randbelow(1000)}",
        "created": int(time.time()),
        "model": body.model(),
        "system_fingerprint": "fp_ollama",
    }
    if not body.flag("stream", False):
        found = await unless_gone(request, _all(parts))
        return GONE if found is None else JSONResponse(_whole(frame, found))
    first = await unless_gone(request, anext(parts))
    if first is None:
        return GONE
    wanted = Body("stream_options", body.object("stream_options")).flag("include_usage", False)
    events = _events(frame, first, parts, usage=wanted)
    return StreamingResponse(events, media_type="text/event-stream")


def _options(body: Body) -> dict[str, Any]:
    """A request's settings under Ollama's names. Ollama too takes 1.0 for temperature and top_p
    here, and not the model's own."""
    stop = body.fields.get("stop")
    sampling = {"temperature": 1.0, "top_p": 1.0}
    sampling |= {name: body.fields[name] for name in sampling if body.fields.get(name) is not None}
    given = sampling | {
        "num_predict": body.fields.get("max_completion_tokens") or body.fields.get("max_tokens"),
        "seed": body.fields.get("seed"),
        "frequency_penalty": body.fields.get("frequency_penalty"),
        "presence_penalty": body.fields.get("presence_penalty"),
        "stop": [stop] if isinstance(stop, str) else stop,
    }
    return {name: value for name, value in given.items() if value is not None}


def _schema(body: Body) -> dict[str, Any] | None:
    wanted = Body("response_format", body.object("response_format"))
    if wanted.text("type") == "json_object":
        return schemas.read("json")
    if wanted.text("type") == "json_schema":
        given = Body("json_schema", wanted.object("json_schema"))
        return schemas.read(given.object("schema"))
    return None


async def _parts(
    service: Service, model: Model, body: Body
) -> AsyncIterator[str | ToolCall | Done]:
    if body.fields.get("n") not in (None, 1):
        raise ApiError(400, "this stand-in gives one answer to a request: n must be 1")
    messages = [from_openai(message) for message in body.objects("messages")]
    if not messages:
        raise ApiError(400, "messages is empty: send at least one")
    # Ollama ignores tool_choice; "none" can be kept to all the same.
    tools = [] if body.fields.get("tool_choice") == "none" else body.objects("tools")
    shown = [tool(item) for item in tools]
    chosen, clock = service.options(model, _options(body)), Clock()
    form = _schema(body)
    async with service.hold(model, chosen, None, clock=clock) as llama:
        talk = service.conversation(model, messages)
        ids = await service.prompt(llama, talk, shown, truncate=True)
        async for part in service.answer(llama, Ask(ids, chosen, form, bool(shown)), clock):
            yield part


async def _all(parts: AsyncIterator[str | ToolCall | Done]) -> list[str | ToolCall | Done]:
    return [part async for part in parts]


def _finish(done: Done) -> str:
    return "tool_calls" if done.calls and done.reason == "stop" else done.reason


def _usage(done: Done) -> dict[str, int]:
    return {
        "prompt_tokens": done.prompt_tokens,
        "completion_tokens": done.answer_tokens,
        "total_tokens": done.prompt_tokens + done.answer_tokens,
    }


def _whole(frame: dict[str, Any], parts: list[str | ToolCall | Done]) -> dict[str, Any]:
    done = parts[-1]
    calls = [part for part in parts if isinstance(part, ToolCall)]
    text = "".join(part for part in parts if isinstance(part, str))
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        listed = [{"index": index} | call.as_openai() for index, call in enumerate(calls)]
        message |= {"content": text or None, "tool_calls": listed}
    choice = {"index": 0, "message": message, "finish_reason": _finish(done)}
    return frame | {"object": "chat.completion", "choices": [choice], "usage": _usage(done)}


async def _events(
    frame: dict[str, Any],
    first: str | ToolCall | Done,
    rest: AsyncIterator[str | ToolCall | Done],
    *,
    usage: bool,
) -> AsyncIterator[str]:
    frame = frame | {"object": "chat.completion.chunk"} | ({"usage": None} if usage else {})

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event(frame | {"choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    calls = 0
    try:
        async for part in _chain(first, rest):
            if isinstance(part, str):
                yield chunk({"content": part})
            elif isinstance(part, ToolCall):
                yield chunk({"tool_calls": [{"index": calls} | part.as_openai()]})
                calls += 1
            else:
                yield chunk({}, _finish(part))
                if usage:
                    yield _event(frame | {"choices": [], "usage": _usage(part)})
    except ApiError as error:
        yield _event(_problem(error))
        return
    except Exception:
        log.exception("a streamed answer failed")
        yield _event(_problem(ApiError(500, "this server failed: see its log for the reason")))
        return
    yield "data: [DONE]\n\n"


async def _chain(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for part in rest:
        yield part


def _event(data: dict[str, Any]) -> str:
    return f"data: {line(data)}\n"

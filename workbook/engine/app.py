"""The SLM Engine over HTTP: the tutorial's /reasoning and OpenAI's chat completions."""

import contextlib
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from workbook.engine import errors, guidance
from workbook.engine.errors import ApiError
from workbook.engine.generation import LocalModel
from workbook.engine.guidance import Guidance
from workbook.engine.schemas import ChatRequest, ReasoningRequest
from workbook.engine.service import Job, Service
from workbook.engine.toolcalls import ToolCall

log = logging.getLogger("workbook.engine")

ENGINE = "ONNX Runtime GenAI"
ENDPOINTS = {
    "POST /reasoning": "an answer to one prompt, for task_type reasoning, math or coding",
    "POST /v1/chat/completions": "OpenAI's chat completions, whole or streamed",
    "GET /v1/models": "the model that is served",
    "GET /health": "200 when the model is ready, 503 before",
    "GET /docs": "every field of every request",
}
GONE = Response(status_code=499)  # nobody reads it: the client has closed the connection


def create_app(
    folder: Path,
    model_name: str,
    *,
    artifact: str = "",
    threads: int | None = None,
    load: Callable[[], LocalModel] | None = None,
) -> FastAPI:
    """The engine for the converted model in `folder`, served under `model_name`.

    artifact: its artifact name, for /health; threads: as in LocalModel; load: gives the model, in
    place of loading the folder. The model is loaded in the background when the app starts;
    until then requests get 503.
    """
    service = Service(load or (lambda: LocalModel(folder, threads=threads)))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield

    app = FastAPI(title="SLM Engine", summary=f"A small model on {ENGINE}", lifespan=lifespan)
    errors.install(app)

    about = {
        "name": "SLM Engine",
        "what": f"the model {model_name} on {ENGINE}",
        "endpoints": ENDPOINTS,
    }
    card = {"model": model_name, "artifact": artifact, "engine": ENGINE}
    add_state(app, service, about, card, lambda model: {"threads": model.threads})

    @app.post("/reasoning")
    async def reasoning(body: ReasoningRequest, request: Request) -> Response:
        model = service.model
        if body.max_length > model.context:
            raise ApiError(
                422,
                f"The field max_length is wrong: it should be at most {model.context}, the "
                f"context of {model_name}; found {body.max_length}.",
                param="max_length",
                code="invalid_value",
            )
        job = Job(
            await _prompt(model, body.messages(), None),
            max_tokens=body.max_length,
            temperature=body.temperature,
        )
        parts = [part async for part in service.answer(job, request.is_disconnected)]
        if not job.finish_reason:
            return GONE
        return JSONResponse(
            {
                "generated_text": _text(parts),
                "task_type": body.task_type,
                "inference_time": round(job.seconds, 4),
                "model": model_name,
                "prompt_tokens": len(job.prompt),
                "completion_tokens": len(job.token_ids),
                "finish_reason": job.finish_reason,
            }
        )

    @app.post("/v1/chat/completions")
    async def chat(body: ChatRequest, request: Request) -> Response:
        form = guidance.asked_for(body)
        model = service.model
        check_model(body.model, model_name, "engine")
        job = await _job(model, body, form)
        return await reply(service, job, body, request)

    return app


def add_state(
    app: FastAPI,
    service: Service,
    about: dict,
    card: dict,
    more: Callable[[Any], dict] = lambda model: {},
) -> None:
    """What tells what is served: `/`, `/health` and `/v1/models`.

    about: what `/` says besides the status; card: what `/health` says besides the model's version
    and context, `model` among it; more: what it says of the loaded model besides.
    """

    @app.get("/")
    async def root() -> dict:
        return about | {"status": service.status}

    @app.get("/health")
    async def health() -> JSONResponse:
        if service.status != "ok":
            reason = {"reason": service.reason} if service.status == "failed" else {}
            return JSONResponse({"status": service.status} | reason, 503)
        model = service.model
        found = {"version": model.version, "context": model.context}
        return JSONResponse({"status": "ok"} | card | found | more(model))

    @app.get("/v1/models")
    async def models() -> dict:
        one = {"id": card["model"], "object": "model", "created": 0, "owned_by": "workbook"}
        return {"object": "list", "data": [one]}


def check_model(asked: str, served: str, what: str) -> None:
    """Raises ApiError when a request names another model than the one that `what` serves."""
    if asked != served:
        raise ApiError(
            404,
            f"There is no model {asked!r} here: this {what} serves {served!r}.",
            param="model",
            code="model_not_found",
        )


async def reply(service: Service, job: Job, body: ChatRequest, request: Request) -> Response:
    """The answer to a chat completion, whole or streamed as the request asks."""
    frame = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body.model}
    answer = service.answer(job, request.is_disconnected)
    if body.stream:
        events = events_of(frame, job, answer, usage=body.wants_usage)
        return StreamingResponse(events, media_type="text/event-stream")
    parts = [part async for part in answer]
    return JSONResponse(whole_of(frame, job, parts)) if job.finish_reason else GONE


async def _prompt(model: LocalModel, messages: list[dict], tools: list[dict] | None) -> list[int]:
    # A long text takes a while to split into tokens: not on the event loop.
    prompt = await to_thread.run_sync(model.encode, messages, tools)
    model.room(len(prompt), 1)  # raises PromptTooLong, before a stream has begun
    return prompt


async def _job(model: LocalModel, body: ChatRequest, form: Guidance | None) -> Job:
    messages = [message.as_template() for message in body.messages]
    if form:
        await to_thread.run_sync(model.check, form.kind, form.data)
    tools = body.offered_tools
    return Job(
        await _prompt(model, messages, tools),
        max_tokens=body.tokens,
        min_tokens=body.min_tokens,
        temperature=1.0 if body.temperature is None else body.temperature,
        top_p=1.0 if body.top_p is None else body.top_p,
        seed=body.seed,
        tools=tools,
        guidance=(form.kind, form.data) if form else None,
    )


def _text(parts: list[str | ToolCall]) -> str:
    return "".join(part for part in parts if isinstance(part, str))


def whole_of(frame: dict, job: Job, parts: list[str | ToolCall]) -> dict:
    """The answer in OpenAI's shape: `frame` has what every answer of the request shares."""
    text = _text(parts)
    message: dict = {"role": "assistant", "content": text}
    if job.calls:
        message["content"] = text or None
        message["tool_calls"] = [call.as_openai() for call in job.calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": job.finish_reason,
    }
    return frame | {"object": "chat.completion", "choices": [choice], "usage": job.usage}


async def events_of(
    frame: dict, job: Job, answer: AsyncIterator[str | ToolCall], *, usage: bool
) -> AsyncIterator[str]:
    """The answer as OpenAI's server-sent events, the last one [DONE]."""
    frame = frame | {"object": "chat.completion.chunk"} | ({"usage": None} if usage else {})

    def chunk(delta: dict, finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(frame | {"choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    calls = 0
    try:
        async with contextlib.aclosing(answer):
            async for part in answer:
                if isinstance(part, str):
                    yield chunk({"content": part})
                else:
                    yield chunk({"tool_calls": [{"index": calls} | part.as_openai()]})
                    calls += 1
    except Exception:
        # The status line is sent: the stream itself must say that it failed.
        log.exception("a streamed answer failed")
        yield _event(errors.body(errors.INTERNAL, 500))
        return
    yield chunk({}, job.finish_reason)
    if usage:
        yield _event(frame | {"choices": [], "usage": job.usage})
    yield "data: [DONE]\n\n"


def _event(data: dict) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"

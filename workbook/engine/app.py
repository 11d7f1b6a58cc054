"""The SLM Engine over HTTP: the tutorial's /reasoning and OpenAI's completions."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.middleware.cors import CORSMiddleware

from workbook.engine import answers, errors, guidance, shapes
from workbook.engine.edge import Edge
from workbook.engine.errors import ApiError
from workbook.engine.generation import LocalModel
from workbook.engine.guidance import Guidance
from workbook.engine.keys import Keys
from workbook.engine.metrics import Metrics
from workbook.engine.schemas import (
    ChatRequest,
    CompletionRequest,
    ReasoningRequest,
    Sampling,
    refuse_unserved,
)
from workbook.engine.service import Job, Limits, Service
from workbook.engine.toolcalls import ToolCall

log = logging.getLogger("workbook.engine")

ENGINE = "ONNX Runtime GenAI"
ENDPOINTS = {
    "POST /reasoning": "an answer to one prompt, for task_type reasoning, math or coding",
    "POST /v1/chat/completions": "OpenAI's chat completions, whole or streamed",
    "POST /v1/completions": "OpenAI's plain completions: no chat template, whole or streamed",
    "GET /v1/models": "the model that is served",
    "GET /health": "200 when the model is ready, 503 before",
    "GET /livez": "200 while the server lives",
    "GET /readyz": "200 when requests are taken, 503 while the model loads or the server ends",
    "GET /metrics": "figures for Prometheus",
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
    limits: Limits | None = None,
    keys: Keys | None = None,
    origins: Sequence[str] = (),
) -> FastAPI:
    """The engine for the converted model in `folder`, served under `model_name`.

    artifact: its artifact name, for /health; threads: as in LocalModel; load: gives the model, in
    place of loading the folder; limits: what the server takes on; keys: who may ask (None:
    everybody); origins: websites whose pages may ask, like https://example.org. The model is
    loaded in the background when the app starts; until then requests get 503.

    The app's `state.service` is its Service.
    """
    metrics = Metrics(model_name)

    def loaded() -> LocalModel:
        together = service.limits.together
        model = load() if load else LocalModel(folder, threads=threads, together=together)
        model.observe(metrics.batch.observe)
        return model

    service = Service(loaded, limits, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield

    app = FastAPI(
        title="SLM Engine",
        summary=f"A small model on {ENGINE}",
        lifespan=lifespan,
        responses=shapes.ALWAYS,
    )
    app.state.service = service
    app.openapi = lambda: shapes.described(app, model_name, keyed=keys is not None)
    errors.install(app, service.count_error)
    app.add_middleware(
        Edge,
        metrics=metrics,
        keys=keys,
        body=service.limits.body,
        routes=lambda: {route.path for route in app.routes},
    )
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )

    about = {
        "name": "SLM Engine",
        "what": f"the model {model_name} on {ENGINE}",
        "endpoints": ENDPOINTS,
    }
    card = {"model": model_name, "artifact": artifact, "engine": ENGINE}
    add_state(app, service, about, card, lambda model: {"threads": model.threads})
    add_probes(app, service, metrics)

    @app.post("/reasoning", responses=shapes.REASONING)
    async def reasoning(body: ReasoningRequest, request: Request) -> Response:
        """An answer to one prompt, with the tutorial's fields."""
        model = service.model
        most = min(model.context, service.limits.max_tokens or model.context)
        if body.max_length > most and "max_length" in body.model_fields_set:
            raise ApiError(
                422,
                f"The field max_length is wrong: it should be at most {most}, the "
                f"{'context' if most == model.context else 'limit'} of {model_name}; "
                f"found {body.max_length}.",
                param="max_length",
                code="invalid_value",
            )
        service.admit()
        job = Job(
            await _prompt(model, body.messages(), None),
            max_tokens=min(body.max_length, most),
            temperature=body.temperature,
        )
        parts = [part async for part in answered(service, job, request)]
        if not job.finish_reason:
            return GONE
        return JSONResponse(
            {
                "generated_text": answers.text_of(parts),
                "task_type": body.task_type,
                "inference_time": round(job.seconds, 4),
                "model": model_name,
                "prompt_tokens": len(job.prompt),
                "completion_tokens": len(job.token_ids),
                "finish_reason": job.finish_reason,
            }
        )

    @app.post("/v1/chat/completions", responses=shapes.CHAT)
    async def chat(body: ChatRequest, request: Request) -> Response:
        """OpenAI's chat completions."""
        refuse_unserved(body)
        form = guidance.asked_for(body)
        model = service.model
        check_model(body.model, model_name, "engine")
        _check(body, service.limits)
        service.admit()
        messages = [message.as_template() for message in body.messages]
        tools = body.offered_tools
        job = _job(body, service.limits, await _prompt(model, messages, tools), form, tools)
        return await reply(service, job, body, request)

    @app.post("/v1/completions", responses=shapes.COMPLETIONS)
    async def completions(body: CompletionRequest, request: Request) -> Response:
        """OpenAI's plain completions: the prompt goes to the model as it is."""
        refuse_unserved(body)
        model = service.model
        check_model(body.model, model_name, "engine")
        _check(body, service.limits)
        service.admit()
        job = _job(body, service.limits, await to_thread.run_sync(_raw, model, body.prompt))
        return await reply(service, job, body, request, answers.TextFormat)

    return app


def add_probes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    """What an orchestrator and Prometheus ask."""

    @app.get("/livez", responses={200: shapes.PROBE[200]})
    async def livez() -> dict:
        """Whether the server lives; it says nothing about the model."""
        return {"status": "ok"}

    @app.get("/readyz", responses=shapes.PROBE)
    async def readyz() -> JSONResponse:
        """Whether requests are taken."""
        if service.ready:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "leaving" if service.leaving else service.status}, 503)

    @app.get("/metrics", response_class=Response, responses=shapes.METRICS)
    async def figures() -> Response:
        """The figures in Prometheus's text format."""
        return Response(metrics.text(), media_type=shapes.PROMETHEUS)


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
        """What this is, and what it answers."""
        return about | {"status": service.status}

    @app.get("/health", responses=shapes.PROBE)
    async def health() -> JSONResponse:
        """200 when the model is ready, and which one it is."""
        if service.status != "ok":
            reason = {"reason": service.reason} if service.status == "failed" else {}
            return JSONResponse({"status": service.status} | reason, 503)
        model = service.model
        found = {"version": model.version, "context": model.context}
        return JSONResponse({"status": "ok"} | card | found | more(model))

    @app.get("/v1/models", responses=shapes.MODELS)
    async def models() -> dict:
        """The model that is served."""
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


async def reply(
    service: Service,
    job: Any,
    body: Sampling,
    request: Request,
    form: type[answers.Format] = answers.ChatFormat,
) -> Response:
    """The answer to a request, whole or streamed as it asks, in the given form.

    A stream's status line is sent with its first piece, so that what goes wrong before (a full
    queue, the deadline, a schema that cannot be kept to) has a status of its own.
    """
    shape = form(job, body)
    answer = answered(service, job, request)
    if not body.stream:
        parts = [part async for part in answer]
        return JSONResponse(shape.whole(parts)) if job.finish_reason else GONE
    try:
        first = await anext(answer)
    except StopAsyncIteration:
        if not job.finish_reason:
            return GONE
        first = ""
    events = answers.events(
        shape, first, answer, usage=body.wants_usage, failed=service.count_error
    )
    return StreamingResponse(events, media_type="text/event-stream")


async def answered(service: Service, job: Any, request: Request) -> AsyncIterator[str | ToolCall]:
    """The pieces of an answer, on the account of the client whose key the request has."""
    state = request.scope.get("state", {})
    client, noted = state.get("client"), state.get("log", {})
    reserved = len(job.prompt) + job.max_tokens if client else 0
    if client:
        client.reserve(reserved)

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        async with contextlib.aclosing(service.answer(job, gone)) as answer:
            async for part in answer:
                yield part
    finally:
        used = job.usage
        if client:  # an answer that never began costs nothing
            client.settle(reserved, used["total_tokens"] if used["completion_tokens"] else 0)
        noted |= {name: used[name] for name in ("prompt_tokens", "completion_tokens") if used}
        noted["finish_reason"] = job.finish_reason or "stopped"


async def _prompt(model: LocalModel, messages: list[dict], tools: list[dict] | None) -> list[int]:
    # A long text takes a while to split into tokens: not on the event loop.
    prompt = await to_thread.run_sync(model.encode, messages, tools)
    model.room(len(prompt), 1)  # raises PromptTooLong, before it waits for its turn
    return prompt


def _raw(model: LocalModel, prompt: str | list[int] | list[str]) -> list[int]:
    """The token ids of a plain completion's prompt. Raises ApiError for ids that are none."""
    if isinstance(prompt, list) and isinstance(prompt[0], str):
        prompt = prompt[0]
    ids = model.encode_raw(prompt) if isinstance(prompt, str) else prompt
    if any(id >= model.vocabulary for id in ids):
        raise ApiError(
            422,
            f"The field prompt is wrong: a token id should be below {model.vocabulary}; "
            f"found {max(ids)}.",
            param="prompt",
            code="invalid_value",
        )
    model.room(len(ids), 1)
    return ids


def _check(body: Sampling, limits: Limits) -> None:
    """Raises ApiError for what this server does not take on."""
    most = limits.max_tokens
    asked = getattr(body, "max_completion_tokens", None) or body.max_tokens or 0
    if most and asked > most:
        raise ApiError(
            400,
            f"This server gives at most {most} tokens in one answer; found max_tokens {asked}.",
            param="max_tokens",
            code="invalid_value",
        )
    if body.top is not None and getattr(body, "tools", None):
        raise ApiError(
            400,
            "Log-probabilities are given for text only: leave out logprobs or tools.",
            param="logprobs",
            code="unsupported_parameter",
        )


def _job(
    body: Sampling,
    limits: Limits,
    prompt: list[int],
    form: Guidance | None = None,
    tools: list[dict] | None = None,
) -> Job:
    return Job(
        prompt,
        max_tokens=min(body.tokens, limits.max_tokens or body.tokens),
        min_tokens=body.min_tokens,
        temperature=1.0 if body.temperature is None else body.temperature,
        top_p=1.0 if body.top_p is None else body.top_p,
        seed=body.seed,
        tools=tools,
        guidance=(form.kind, form.data) if form else None,
        stops=body.stops,
        logprobs=body.top,
    )

"""The stand-in's endpoints: Ollama's own, under /api."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from workbook.runtimes.ollama_server import openai_api, schemas
from workbook.runtimes.ollama_server.embedding import embed
from workbook.runtimes.ollama_server.generation import Ask, Clock, Done, ToolCall
from workbook.runtimes.ollama_server.library import Library
from workbook.runtimes.ollama_server.llama import version
from workbook.runtimes.ollama_server.messages import as_ollama, from_ollama, tool
from workbook.runtimes.ollama_server.service import Service
from workbook.runtimes.ollama_server.transport import ndjson, respond, unless_gone
from workbook.runtimes.ollama_server.values import ApiError, Body, stamp

log = logging.getLogger("ollama_server")

ENGINE = "llama.cpp behind Ollama's API"
"""What this server is. It does not say that it is Ollama."""

UNSUPPORTED = {
    "/api/push": "there is no registry here: this stand-in cannot push models",
    "/api/blobs/{digest}": "this stand-in takes no files: it serves one GGUF file under all names",
    "/api/embeddings": "this endpoint is superseded: send `input` to /api/embed",
}
"""Ollama's endpoints that are not here, and why."""


def create_app(service: Service, *, artifact: str = "") -> FastAPI:
    """The application. artifact: the name of what is served, for /api/version."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await service.scheduler.close()

    app = FastAPI(title=ENGINE, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _install_errors(app)

    @app.api_route("/", methods=["GET", "HEAD"])
    async def root() -> Response:
        return PlainTextResponse("Ollama is running")

    @app.api_route("/api/version", methods=["GET", "HEAD"])
    async def api_version() -> dict[str, str]:
        return {"version": "0.0.0", "engine": ENGINE, "llama.cpp": version(), "artifact": artifact}

    @app.post("/api/generate")
    async def generate(request: Request) -> Response:
        body = Body.read("GenerateRequest", await request.body())
        return await _generate(service, request, body)

    @app.post("/api/chat")
    async def chat(request: Request) -> Response:
        return await _chat(service, request, Body.read("ChatRequest", await request.body()))

    @app.post("/api/embed")
    async def api_embed(request: Request) -> Response:
        body = Body.read("EmbedRequest", await request.body())
        return JSONResponse(await unless_gone(request, embed(service, body)))

    _add_library(app, Library(service))
    for path, reason in UNSUPPORTED.items():
        _refuse(app, path, reason)
    openai_api.install(app, service)
    return app


def _add_library(app: FastAPI, library: Library) -> None:
    """The endpoints that list and change models."""

    @app.api_route("/api/tags", methods=["GET", "HEAD"])
    def tags() -> dict[str, Any]:
        return {"models": library.tags()}

    @app.get("/api/ps")
    def ps() -> dict[str, Any]:
        return {"models": library.running()}

    @app.post("/api/show")
    async def show(request: Request) -> Response:
        body = Body.read("ShowRequest", await request.body())
        return JSONResponse(await asyncio.to_thread(library.show, body))

    @app.post("/api/create")
    async def create(request: Request) -> Response:
        body = Body.read("CreateRequest", await request.body())
        return await _progress(body, library.create(body))

    @app.post("/api/pull")
    async def pull(request: Request) -> Response:
        body = Body.read("PullRequest", await request.body())
        return await _progress(body, library.pull(body))

    @app.post("/api/copy")
    async def copy(request: Request) -> Response:
        library.copy(Body.read("CopyRequest", await request.body()))
        return Response()

    @app.delete("/api/delete")
    async def delete(request: Request) -> Response:
        await library.delete(Body.read("DeleteRequest", await request.body()))
        return Response()


def _refuse(app: FastAPI, path: str, reason: str) -> None:
    @app.api_route(path, methods=["GET", "HEAD", "POST"])
    async def refused() -> Response:
        raise ApiError(501, reason)


def _install_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.status)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        # Ollama's web framework answers these in plain text.
        return PlainTextResponse(f"{error.status_code} {error.detail.lower()}", error.status_code)

    @app.exception_handler(Exception)  # the server logs the traceback
    async def _internal(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"error": "this server failed: see its log for the reason"}, 500)


# ---------------------------------------------------------------- answers


async def _generate(service: Service, request: Request, body: Body) -> Response:
    model, clock = service.model(body.model()), Clock()
    _refuse_unsupported(body)
    if body.text("suffix"):
        raise ApiError(400, f'"{body.model()}" does not support insert')
    if body.flag("raw", False) and (body.text("system") or body.array("context")):
        raise ApiError(400, "raw mode does not support template, system, or context")
    keep_alive, text = body.duration("keep_alive"), body.text("prompt")
    chosen = service.options(model, body.object("options"))
    form = schemas.read(body.fields.get("format"))

    def frame(**fields: Any) -> dict[str, Any]:
        return {"model": body.model(), "created_at": stamp()} | fields

    if not text and keep_alive is not None and not keep_alive:
        await service.scheduler.unload(model.name)
        return JSONResponse(frame(response="", done=True, done_reason="unload"))

    async def parts() -> AsyncIterator[dict[str, Any]]:
        async with service.hold(model, chosen, keep_alive, clock=clock) as llama:
            if not text:
                yield frame(response="", done=True, done_reason="load")
                return
            ids = await _generate_prompt(service, llama, model, body)
            async for part in service.answer(llama, Ask(ids, chosen, form), clock):
                if isinstance(part, str):
                    yield frame(response=part, done=False)
                elif isinstance(part, Done):
                    end = {"response": "", "done": True, "done_reason": part.reason}
                    if not body.flag("raw", False):
                        said = await llama.tokenize(part.text, special=False)
                        end["context"] = ids + said
                    yield frame(**end, **part.metrics())

    return await respond(
        request, parts(), stream=bool(text) and body.flag("stream", True), whole=_whole_generate
    )


async def _generate_prompt(service: Service, llama: Any, model: Any, body: Body) -> list[int]:
    text, earlier = body.text("prompt"), body.array("context")
    truncate = body.flag("truncate", True)
    if body.flag("raw", False):  # the sender wrote the control tokens
        return await llama.tokenize(text, special=True)
    if not all(isinstance(token, int) and 0 <= token < 2**31 for token in earlier):
        raise ApiError(400, "context must be the list of numbers of an earlier answer")
    messages: list[dict] = []
    if system := body.text("system") or model.system:
        messages.append({"role": "system", "content": system})
    if not earlier:
        messages += model.messages
    messages.append({"role": "user", "content": text})
    return earlier + await service.prompt(llama, messages, [], truncate=truncate)


def _whole_generate(events: list[dict[str, Any]]) -> dict[str, Any]:
    return events[-1] | {"response": "".join(event["response"] for event in events)}


async def _chat(service: Service, request: Request, body: Body) -> Response:
    model, clock = service.model(body.model()), Clock()
    _refuse_unsupported(body)
    messages = [from_ollama(message) for message in body.objects("messages")]
    tools = [tool(item) for item in body.objects("tools")]
    keep_alive = body.duration("keep_alive")
    chosen = service.options(model, body.object("options"))
    form = schemas.read(body.fields.get("format"))

    def frame(message: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        said = {"role": "assistant", "content": ""} | (message or {})
        return {"model": body.model(), "created_at": stamp(), "message": said} | fields

    if not messages and keep_alive is not None and not keep_alive:
        await service.scheduler.unload(model.name)
        return JSONResponse(frame(done=True, done_reason="unload"))

    async def parts() -> AsyncIterator[dict[str, Any]]:
        async with service.hold(model, chosen, keep_alive, clock=clock) as llama:
            if not messages:
                yield frame(done=True, done_reason="load")
                return
            ids = await service.prompt(
                llama,
                service.conversation(model, messages),
                tools,
                truncate=body.flag("truncate", True),
            )
            ask, calls = Ask(ids, chosen, form, tools=bool(tools)), 0
            async for part in service.answer(llama, ask, clock):
                if isinstance(part, str):
                    yield frame({"content": part}, done=False)
                elif isinstance(part, ToolCall):
                    yield frame({"tool_calls": [as_ollama(part, calls)]}, done=False)
                    calls += 1
                else:
                    yield frame(done=True, done_reason=part.reason, **part.metrics())

    return await respond(
        request, parts(), stream=bool(messages) and body.flag("stream", True), whole=_whole_chat
    )


def _whole_chat(events: list[dict[str, Any]]) -> dict[str, Any]:
    said = [event["message"] for event in events]
    message: dict[str, Any] = {"role": "assistant", "content": "".join(m["content"] for m in said)}
    calls = [call for m in said for call in m.get("tool_calls", [])]
    return events[-1] | {"message": message | ({"tool_calls": calls} if calls else {})}


def _refuse_unsupported(body: Body) -> None:
    name = body.model()
    if body.fields.get("think") not in (None, False):
        raise ApiError(400, f'"{name}" does not support thinking')
    if body.array("images") or any(m.array("images") for m in body.objects("messages")):
        raise ApiError(400, f'"{name}" does not support images: this stand-in reads text only')
    if body.text("template"):
        raise ApiError(
            400,
            "this stand-in renders with the model's own chat template: it has no Go templates",
        )
    if body.flag("logprobs", False):
        raise ApiError(400, "this stand-in gives no logprobs")


async def _progress(body: Body, events: AsyncIterator[dict[str, Any]]) -> Response:
    """Progress messages, streamed or only the last one."""
    if body.flag("stream", True):
        first = await anext(events)
        return StreamingResponse(ndjson(first, events), media_type="application/x-ndjson")
    last = [event async for event in events][-1]
    return JSONResponse(last, 500 if "error" in last else 200)

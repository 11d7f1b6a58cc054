"""Foundry Local's ChatSession behind an OpenAI-shaped port.

python -m workbook.runtimes.foundry_server --model pocket --folder build/artifacts/pocket/...

Foundry Local decides about the chat template, the tokens and the sampling; this module only
carries requests and answers. Where the two differ in what they can do, the request is refused.
"""

import argparse
import contextlib
import functools
import importlib.metadata
import json
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import FastAPI, Response
from fastapi import Request as HttpRequest
from pydantic import ConfigDict

from workbook.engine import PromptTooLong, ToolCall, errors, toolcalls
from workbook.engine.app import add_state, check_model, reply
from workbook.engine.errors import ApiError
from workbook.engine.schemas import ChatRequest
from workbook.engine.service import Limits, Service
from workbook.errors import CourseError
from workbook.models import chat
from workbook.runtimes import foundry
from workbook.serving import add_address, listen, run

if TYPE_CHECKING:
    from foundry_local_sdk import ChatSession, Item, Request

ENGINE = "Foundry Local"
INVALID = 3
"""The SDK's error code for an argument that it refuses."""

NEUTRAL = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logprobs": False,
    "response_format": {"type": "text"},
    "parallel_tool_calls": True,
    "min_tokens": 0,
}
"""Options that the server does not have, with the value that asks for nothing."""

LABELS = {"user", "metadata", "store", "safety_identifier"}
"""Options that do not change an answer: they are taken and not used."""

SERVED = {
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "seed",
    "n",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
}
"""Fields of the engine's request that this server serves too; it refuses the engine's others."""


# ---------------------------------------------------------------- the model


class FoundryModel:
    """A GenAI folder, registered in Foundry Local's catalogue LOCAL and loaded.

    folder: a GenAI folder (genai_config.json, model.onnx, tokenizer.json); name: the model's name.
    `context` is the most tokens of prompt and answer together, as the artifact's settings say:
    the SDK itself would go on to the end of the model's own context, where LongRoPE counts
    differently. `version` is the SDK's.

    Raises CourseError when the SDK refuses the folder or cannot load it.
    """

    def __init__(self, folder: Path, name: str):
        from foundry_local_sdk import FoundryLocalException

        self.folder = Path(folder)
        self.version = importlib.metadata.version("foundry-local-sdk")
        try:
            self._model = register(manager(), self.folder, foundry.model_id(name, self.folder))
            self._model.load()
        except FoundryLocalException as error:
            raise CourseError(
                f"Foundry Local cannot load the model in {self.folder} ({reason(error)}): convert "
                f"it again."
            ) from error
        config = _json(self.folder / "genai_config.json")
        self.context = int(config["search"]["max_length"])
        tokens = _json(self.folder / "tokenizer.json")["added_tokens"]
        self.special = frozenset(t["content"] for t in tokens if t["special"])
        self._typed = re.compile("|".join(map(re.escape, sorted(self.special))))

    def prompt_tokens(self, messages: list[dict], tools: list[dict] | None) -> int:
        """The length of the prompt. Raises ApiError 400 for messages that the SDK refuses."""
        with self._request(messages, tools, max_output_tokens=1) as (session, request):
            return session.preflight_request(request).prompt_tokens

    def stream(
        self,
        messages: list[dict],
        tools: list[dict] | None,
        *,
        finish: Callable[[Any], None],
        cancelled: Callable[[], bool],
        **search: Any,
    ) -> Iterator[str]:
        """The answer's tokens as text, special tokens included, but without the end token.

        search: the SDK's SearchOptions; `cancelled` is asked after every token; `finish` gets the
        SDK's Response at the end, unless the stream was cancelled.
        """
        with self._request(messages, tools, **search) as (session, request):
            session.set_streaming(True)
            with session.process_streaming_request(request) as stream:
                for item in stream:
                    if cancelled():  # leaving the block stops the SDK
                        return
                    yield item.text
                with stream.final_response as response:
                    finish(response)

    @contextlib.contextmanager
    def _request(
        self, messages: list[dict], tools: list[dict] | None, **search: Any
    ) -> Iterator[tuple["ChatSession", "Request"]]:
        from foundry_local_sdk import (
            ChatSession,
            FoundryLocalException,
            Request,
            RequestOptions,
            SearchOptions,
        )

        try:
            with ChatSession(self._model) as session, Request() as request:
                for item in self._items(messages, tools):
                    request.add_item(item)
                request.set_options(RequestOptions(search=SearchOptions(**search)))
                yield session, request
        except FoundryLocalException as error:
            if error.error_code != INVALID:
                raise
            raise ApiError(
                400, f"Foundry Local refuses the request: {reason(error)}.", param="messages"
            ) from None

    def _items(self, messages: list[dict], tools: list[dict] | None) -> Iterator["Item"]:
        """OpenAI-shaped messages (with text content) as the SDK's items."""
        from foundry_local_sdk import MessageItem, MessageRole, ToolCallItem, ToolResultItem

        if tools:
            own = int(messages[0]["role"] == "system")
            yield MessageItem.system(self._with_tools(messages[:own], tools))
            messages = messages[own:]
        pending: list[str] = []  # the SDK matches results with calls by an id
        for index, message in enumerate(messages):
            role, content = message["role"], self._plain(message["content"])
            if role == "tool":
                _refuse_unless(pending, "A tool's result does not follow a tool call")
                yield ToolResultItem(pending.pop(0), content)
                continue
            calls = message.get("tool_calls") or []
            if content or not calls:
                yield MessageItem(MessageRole[role.upper()], content)
            pending = [f"call_{index}_{number}" for number in range(len(calls))]
            for call_id, call in zip(pending, calls, strict=True):
                name, arguments = call["function"]["name"], call["function"]["arguments"]
                yield ToolCallItem(call_id, self._plain(name), self._plain(arguments))

    def _with_tools(self, system: list[dict], tools: list[dict]) -> str:
        """The text of a system message that shows the tools as the course's template does.

        The SDK's own way (add_tool_definition) writes a protocol of some 600 tokens into the
        prompt that this model was not trained on.
        """
        system = [m | {"content": self._plain(m["content"])} for m in system]
        shown = json.loads(self._plain(json.dumps(tools, ensure_ascii=False)))
        text = chat.render(system, shown, add_generation_prompt=False)
        return text.removeprefix("<|system|>").removesuffix("<|end|>")

    def _plain(self, text: str) -> str:
        """A text in which special tokens are ordinary characters: `<|end|>` gets a space.

        The SDK reads them as control tokens wherever they stand. Raises ApiError 400 for text that
        the SDK would cut or could not carry.
        """
        whole = "\0" not in text and not re.search("[\ud800-\udfff]", text)
        _refuse_unless(whole, "A message holds a NUL character or half a character")
        return self._typed.sub(lambda found: f"{found[0][:1]} {found[0][1:]}", text)


@functools.cache
def manager() -> Any:
    """Foundry Local's manager, of which a process has one. It writes under build/foundry only."""
    with foundry.quiet():  # the import loads libraries that read the environment too
        from foundry_local_sdk import Configuration, FoundryLocalManager, LogLevel

        configuration = Configuration(
            app_name="slm-workbook",
            log_level=LogLevel.INFORMATION,
            disable_nonessential_telemetry=True,
            **foundry.folders(),
        )
        FoundryLocalManager.initialize(configuration)
    return FoundryLocalManager.instance


def register(manager: Any, folder: Path, name: str) -> Any:
    """The model of that name (like `pocket:1`) in the catalogue LOCAL; registered if it is not.

    The SDK copies nothing: the folder must stay. Raises FoundryLocalException for a folder that is
    not one of ONNX Runtime GenAI.
    """
    from foundry_local_sdk import CatalogType, FoundryLocalException, ModelInfoBuilder

    catalog = manager.get_catalog(CatalogType.LOCAL)
    if found := catalog.get_model_variant(name):
        return found
    with ModelInfoBuilder() as metadata:
        metadata.set_string_property("task", "chat-completion")
        try:
            return catalog.register_model(str(folder), name, metadata)
        except FoundryLocalException:
            # Another process may have registered it a moment ago.
            if found := catalog.get_model_variant(name):
                return found
            raise


def reason(error: Exception) -> str:
    """What an error of the SDK says, without the place in its source."""
    text = re.sub(r"^\w+\.cc:\d+ .*?\) ", "", str(error).strip().splitlines()[0])
    return text.rstrip(".")


def _refuse_unless(fine: object, what: str) -> None:
    if not fine:
        raise ApiError(400, f"{what}: correct the messages.", param="messages")


def _json(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


# ---------------------------------------------------------------- the app


@dataclass
class FoundryJob:
    """One request for an answer, and what is known about it afterwards; what the engine's Job is
    for the engine. `seconds` is the time that generation took, without waiting for its turn."""

    messages: list[dict]
    tools: list[dict] | None
    search: dict[str, Any]
    calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def alone(self, model: FoundryModel) -> bool:
        """No other way than all: its service computes one at a time."""
        return False

    def run(self, model: FoundryModel, cancelled: Callable[[], bool]) -> Iterator[str | ToolCall]:
        """Generate: yields text pieces and tool calls, keeps finish reason and usage."""
        started = time.perf_counter()
        stream = model.stream(
            self.messages, self.tools, finish=self._finish, cancelled=cancelled, **self.search
        )
        # A special token is a piece of its own, and no text for a client.
        pairs = ((piece, "" if piece in model.special else piece) for piece in stream)
        marks = (chat.TOOL_CALL, chat.TOOL_CALL_END) if self.tools else (None, None)
        for part in toolcalls.split(pairs, *marks):
            if isinstance(part, ToolCall):
                self.calls.append(part)
            yield part
        self.seconds = time.perf_counter() - started
        if self.finish_reason and self.calls:
            self.finish_reason = "tool_calls"

    def _finish(self, response: Any) -> None:
        self.finish_reason = response.finish_reason.name.lower()
        used = response.get_usage()
        # The SDK does not count the end token; every other server of the course does.
        completion = used.completion_tokens + (self.finish_reason == "stop")
        self.usage = {
            "prompt_tokens": used.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": used.prompt_tokens + completion,
        }


class FoundryRequest(ChatRequest):
    """OpenAI's chat request, as far as ChatSession serves it; the rest is refused."""

    model_config = ConfigDict(extra="allow")

    # The engine checks their forms; here any form is refused with the same words.
    min_tokens: Any = None
    response_format: Any = None

    def refuse_unknown(self) -> None:
        """Raises ApiError 400 for the first option that would have to be ignored."""
        own = {name: getattr(self, name) for name in type(self).model_fields if name not in SERVED}
        for name, value in {**own, **(self.model_extra or {})}.items():
            if name in LABELS or value is None or NEUTRAL.get(name) == value:
                continue
            raise ApiError(
                400,
                f"Foundry Local's ChatSession has no option {name}: leave it out.",
                param=name,
                code="unsupported_parameter",
            )

    def search(self, room: int) -> dict[str, Any]:
        """The SDK's SearchOptions; room: most tokens that fit after the prompt."""
        temperature = 1.0 if self.temperature is None else self.temperature
        return {
            "max_output_tokens": min(self.tokens, room),
            "temperature": temperature,
            "do_sample": temperature > 0,
            "top_p": 1.0 if self.top_p is None else self.top_p,
            "top_k": 0,  # all tokens, as OpenAI's API has it
            "seed": None if self.seed is None else self.seed % 2**31,
        }


def create_app(folder: Path, model_name: str, *, artifact: str = "") -> FastAPI:
    """A server for the GenAI folder, under `model_name`; artifact: its name, for /health.

    The model is loaded in the background when the app starts; until then requests get 503.
    Requests take turns. The SDK runs several sessions at once, but each of them computes alone,
    with threads of its own: on a CPU nothing is gained, and on a busy one much is lost.
    """
    service = Service(lambda: FoundryModel(folder, model_name), Limits(together=1))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield

    app = FastAPI(title="Foundry Local, served", lifespan=lifespan)
    errors.install(app)

    about = {
        "name": "Foundry Local, served",
        "what": f"the model {model_name} in {ENGINE}'s ChatSession",
        "endpoints": ["POST /v1/chat/completions", "GET /v1/models", "GET /health"],
    }
    add_state(app, service, about, {"model": model_name, "artifact": artifact, "engine": ENGINE})

    @app.post("/v1/chat/completions")
    async def chat_completions(body: FoundryRequest, request: HttpRequest) -> Response:
        check_choice(body.tool_choice)
        body.refuse_unknown()
        model = service.model
        check_model(body.model, model_name, "server")
        job = await to_thread.run_sync(_job, model, body)
        return await reply(service, job, body, request)

    return app


def check_choice(choice: object) -> None:
    """Raises ApiError for a tool_choice that would need constrained decoding."""
    if choice not in ("auto", "none", None):
        raise ApiError(
            400,
            f"This server cannot force a tool call: tool_choice is {json.dumps(choice)[:60]}, "
            f'send "auto" or "none".',
            param="tool_choice",
        )


def _job(model: FoundryModel, body: FoundryRequest) -> FoundryJob:
    messages = [message.as_template() for message in body.messages]
    tools = body.offered_tools
    length = model.prompt_tokens(messages, tools)
    if length >= model.context:
        raise PromptTooLong(length, model.context)
    return FoundryJob(messages, tools, body.search(model.context - length))


# ---------------------------------------------------------------- the command


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m workbook.runtimes.foundry_server")
    parser.add_argument("--model", default="pocket", help="model name (default: pocket)")
    parser.add_argument("--artifact", default="onnx-int4", help="what the folder holds")
    parser.add_argument("--folder", type=Path, required=True, help="a GenAI folder")
    add_address(parser, port=foundry.KIND.port)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 2 when it cannot start."""
    args = options().parse_args(argv)
    os.environ.update(foundry.ENVIRONMENT)
    try:
        if reason := foundry.missing():
            raise CourseError(reason)
        with listen(args.host, args.port) as listener:
            serve(args, listener)
    except CourseError as error:
        print(f"foundry: {error}", file=sys.stderr)
        return 2
    return 0


def serve(args: argparse.Namespace, listener: socket.socket) -> None:
    """Run the server on a socket that listens already."""
    app = create_app(args.folder, args.model, artifact=args.artifact)
    run(app, listener, args, f"foundry: {args.model} ({args.artifact})")


if __name__ == "__main__":
    sys.exit(main())

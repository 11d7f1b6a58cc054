"""A folder with a converted model becomes something to ask.

Answers are computed together, by a Batch. GenAI's Generator computes, one at a time and beside the
batch, what only it can: answers that keep to a grammar, and contexts past LONG. For those GenAI
loads the model a second time, when the first of them is asked for.
"""

import contextlib
import functools
import json
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from workbook.engine import genai, toolcalls
from workbook.engine.batch import PIECE, TOGETHER, Batch, Row
from workbook.engine.decoder import Decoder
from workbook.engine.sampling import Sampler, log_probabilities
from workbook.engine.toolcalls import ToolCall
from workbook.errors import CourseError
from workbook.models import chat

MAX_TOKENS = 512
"""Most tokens of an answer when nothing else is asked for."""


class PromptTooLong(CourseError):
    """The prompt leaves no room for an answer. Lengths in tokens."""

    def __init__(self, prompt_tokens: int, limit: int):
        super().__init__(
            f"The prompt has {prompt_tokens} tokens and the model reads {limit} at most, prompt "
            f"and answer together: shorten the prompt to {limit - 1} tokens or fewer."
        )
        self.prompt_tokens = prompt_tokens
        self.limit = limit


class BadGuidance(CourseError):
    """A schema or grammar that cannot be kept to."""


class Stop:
    """Tells a generation to end: from any thread, and in the middle of a computation too.

    Called, it says whether it has been told; `reason` says why, "" before, and `at` when (of
    time.perf_counter).
    """

    def __init__(self) -> None:
        self.reason = ""
        self.at = 0.0
        self._lock = threading.Lock()
        self._acts: list[Callable[[], None]] = []

    def __call__(self) -> bool:
        return bool(self.reason)

    def set(self, reason: str) -> None:
        """End it; the first reason counts."""
        with self._lock:
            if not self.reason:
                self.reason, self.at = reason, time.perf_counter()
                for act in self._acts:
                    act()

    @contextlib.contextmanager
    def acting(self, act: Callable[[], None]) -> Iterator[None]:
        """While the block runs, `act` is called when this is set, or at once if it is already."""
        with self._lock:
            if self.reason:
                act()
            self._acts.append(act)
        try:
            yield
        finally:
            with self._lock:  # after this block `act` is neither running nor going to be called
                self._acts.remove(act)


@dataclass(frozen=True)
class Token:
    """One generated token. `text` is whole characters only: it is empty for a special token and
    for the first bytes of a character that later tokens complete. Where log-probabilities were
    asked for, `logprob` is the token's own and `top` has (id, logprob) of the most probable ones,
    the most probable first."""

    id: int
    text: str
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Completion:
    """A whole answer. `token_ids` holds every generated token, the end token included."""

    text: str
    token_ids: list[int]
    prompt_tokens: int
    finish_reason: Literal["stop", "length", "tool_calls"]
    tool_calls: list[ToolCall] = field(default_factory=list)

    @property
    def completion_tokens(self) -> int:
        """Tokens that were generated, the end token included."""
        return len(self.token_ids)


class LocalModel:
    """A converted model in memory.

    folder: a GenAI folder (genai_config.json, model.onnx, tokenizer.json); threads: how many
    compute (left out: see `best_threads`; GenAI's own default loses a factor of 2.4); together: the
    most answers that are computed at once.
    `context` is the most tokens of prompt and answer together, `end_ids` are the tokens that end
    an answer, `tool_ids` the tokens before and after a tool call.

    Streams that are open at the same time, in one thread or in several, are computed together; only
    those that GenAI computes (guidance, contexts past LONG) wait for each other.
    Raises CourseError when the folder does not hold a model that can be loaded.
    """

    def __init__(self, folder: Path, *, threads: int | None = None, together: int = TOGETHER):
        self.folder = Path(folder)
        self.threads = threads or best_threads(self.folder)
        config = _read_config(self.folder)
        try:
            self._batch = Batch(Decoder(self.folder, config, self.threads), together)
            # Not GenAI's tokenizer: it cuts a prompt at a NUL character, and its stream drops text
            # that follows a broken character. The ids are the same (tests/engine).
            self._tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the libraries raise bare Exceptions
            raise CourseError(
                f"The model in {self.folder} could not be loaded ({_first_line(error)}): "
                f"convert it again."
            ) from error
        self.version = genai.VERSION
        self.context = int(config["search"]["max_length"])
        end = config["model"]["eos_token_id"]
        self.end_ids = frozenset(end if isinstance(end, list) else [end])
        self.tool_ids = (
            self._tokenizer.token_to_id("<|tool_call|>"),
            self._tokenizer.token_to_id("<|/tool_call|>"),
        )
        added = self._tokenizer.get_added_tokens_decoder()
        self.special_ids = frozenset(id for id, token in added.items() if token.special)
        self._special_texts = sorted(added[id].content for id in self.special_ids)
        self._lock = threading.Lock()  # of what GenAI computes
        self._holder: int | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is being computed."""
        return self._batch.busy or self._lock.locked()

    def observe(self, told: Callable[[int], None]) -> None:
        """Have `told` called at every round of the batch: how many answers got a token."""
        self._batch.observe = told

    @functools.cached_property
    def _model(self) -> genai.Model:
        options = {"session_options": {"intra_op_num_threads": self.threads}}
        return genai.Model(self.folder, {"model": {"decoder": options}})

    def encode(self, messages: list[dict], tools: list[dict] | None = None) -> list[int]:
        """The token ids of OpenAI-shaped messages and tools, through the chat template.

        Special tokens that stand in a message are read as plain text.
        """
        messages = chat.guarded(messages, self._special_texts)
        text = chat.render(messages, chat.guarded(tools, self._special_texts))
        return self._ids(text.split(chat.GUARD))

    def encode_raw(self, text: str) -> list[int]:
        """The token ids of a text as it is: no template, and special tokens are what they say."""
        return self._ids([text])

    def _ids(self, pieces: list[str]) -> list[int]:
        # `encode` holds the interpreter's lock, seconds for a megabyte; the batch does not.
        found = self._tokenizer.encode_batch_fast(pieces, add_special_tokens=False)
        return [token for piece in found for token in piece.ids]

    @property
    def vocabulary(self) -> int:
        """How many tokens the tokenizer knows."""
        return self._tokenizer.get_vocab_size()

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; a special token's name."""
        name = self._tokenizer.id_to_token(token) or ""
        if token in self.special_ids or not all(c in _byte_letters() for c in name):
            return name.encode()
        return bytes(_byte_letters()[c] for c in name)

    def room(self, prompt_tokens: int, max_tokens: int) -> int:
        """How many tokens can be generated after a prompt: max_tokens, or what the context leaves.

        Raises PromptTooLong when that is not even one.
        """
        if prompt_tokens >= self.context:
            raise PromptTooLong(prompt_tokens, self.context)
        return min(max_tokens, self.context - prompt_tokens)

    def alone(self, prompt_tokens: int, max_tokens: int, guidance: tuple[str, str] | None) -> bool:
        """Whether GenAI has to compute an answer, which it does one at a time.

        Raises PromptTooLong.
        """
        return bool(guidance) or prompt_tokens + self.room(prompt_tokens, max_tokens) > LONG

    def stream(
        self,
        prompt_ids: list[int],
        *,
        max_tokens: int = MAX_TOKENS,
        min_tokens: int = 0,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int | None = None,
        guidance: tuple[str, str] | None = None,
        logprobs: int | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Token]:
        """The answer to a prompt, token by token, until an end token or max_tokens.

        At temperature 0 the most probable token is taken each time; above it, tokens are drawn,
        and the same seed draws the same ones. No end token comes before min_tokens. guidance is
        ("json_schema" or "lark_grammar", the schema or grammar as text): only tokens that keep to
        it are taken. logprobs: every token carries its log-probability (natural logarithm, at
        temperature 1 and without guidance) and those of so many most probable tokens.
        `cancelled` is asked before every token; when it says yes, the stream ends. A Stop ends
        it while it waits and while its prompt is read, too; once tokens come, the computation that
        others share is not cut off, so it ends with the token that is being computed.

        Raises PromptTooLong and BadGuidance; CourseError when GenAI has to compute it and this
        thread already has such a stream open.
        """
        room = self.room(len(prompt_ids), max_tokens)
        cancelled = cancelled or (lambda: False)
        least, scored = min(min_tokens, room), logprobs is not None
        if self.alone(len(prompt_ids), max_tokens, guidance):
            search = {
                # The KV cache is reserved for max_length: keep it as short as the request.
                "max_length": len(prompt_ids) + room,
                "min_length": len(prompt_ids) + least,
                **_search(temperature, top_p, seed),
            }
            found = self._alone(prompt_ids, room, search, guidance, scored, cancelled)
        else:
            sampler = Sampler(temperature, top_p, seed)
            row = Row(prompt_ids, room, sampler, self.end_ids, least=least, scored=scored)
            found = self._together(row, cancelled)
        return self._tokens(found, room, logprobs, cancelled)

    def _tokens(
        self,
        found: Generator[tuple[int, np.ndarray | None]],
        room: int,
        logprobs: int | None,
        cancelled: Callable[[], bool],
    ) -> Iterator[Token]:
        text = _Pieces(self._tokenizer, self.special_ids)
        with contextlib.closing(found):
            for count, (token, scores) in enumerate(found, 1):
                if cancelled():
                    return
                last = token in self.end_ids or count == room
                seen = () if scores is None else log_probabilities(scores, token, logprobs or 0)
                yield Token(token, text.step(token, last=last), *seen)
                if last:
                    return

    def _together(
        self, row: Row, cancelled: Callable[[], bool]
    ) -> Generator[tuple[int, np.ndarray | None]]:
        """(token, scores) of an answer that is computed in the batch."""
        if cancelled():
            return

        def give_up() -> None:
            self._batch.give_up(row)

        def ask() -> None:
            if cancelled():
                give_up()

        self._batch.add(row)
        try:
            if isinstance(cancelled, Stop):
                with cancelled.acting(give_up):
                    yield from row.results()
            else:
                yield from row.results(ask)
        finally:
            give_up()

    def _alone(
        self,
        prompt_ids: list[int],
        room: int,
        search: dict,
        guidance: tuple[str, str] | None,
        scored: bool,
        cancelled: Callable[[], bool],
    ) -> Generator[tuple[int, np.ndarray | None]]:
        """(token, scores) of an answer that GenAI computes."""
        if not self._acquire(cancelled):
            return
        try:
            if cancelled():  # while it waited for its turn
                return
            with contextlib.closing(self._generator(search, guidance)) as generator:
                stopping = contextlib.nullcontext()
                if isinstance(cancelled, Stop):
                    stopping = cancelled.acting(generator.terminate)
                with stopping:
                    yield from self._generate(generator, prompt_ids, room, scored, cancelled)
        finally:
            self._release()

    def _generator(self, search: dict, guidance: tuple[str, str] | None) -> genai.Generator:
        try:
            return genai.Generator(self._model, search, guidance)
        except genai.GenaiError as error:
            if guidance is None:
                raise
            raise BadGuidance(
                f"The answer's form cannot be kept to ({_first_line(error)}): send another schema."
            ) from error

    def _generate(
        self,
        generator: genai.Generator,
        prompt_ids: list[int],
        room: int,
        scored: bool,
        cancelled: Callable[[], bool],
    ) -> Iterator[tuple[int, np.ndarray | None]]:
        try:
            # A prompt that may reach past LONG must be seen whole.
            step = PIECE if len(prompt_ids) + room <= LONG else len(prompt_ids)
            for begin in range(0, len(prompt_ids), step):
                if cancelled():
                    return
                generator.append(prompt_ids[begin : begin + step])
            while not cancelled():
                scores = generator.logits() if scored else None
                yield generator.next(), scores
        except genai.GenaiError:
            if not cancelled():  # else it was ended from outside
                raise

    def complete(
        self,
        messages: list[dict],
        *,
        tools: list[dict] | None = None,
        max_tokens: int = MAX_TOKENS,
        min_tokens: int = 0,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int | None = None,
    ) -> Completion:
        """The whole answer to OpenAI-shaped messages. Options as in `stream`.

        Tool calls are read only when tools are given. Raises PromptTooLong.
        """
        prompt = self.encode(messages, tools)
        tokens = list(
            self.stream(
                prompt,
                max_tokens=max_tokens,
                min_tokens=min_tokens,
                temperature=temperature,
                top_p=top_p,
                seed=seed,
            )
        )
        parts = list(self.parts(tokens, tools))
        calls = [part for part in parts if isinstance(part, ToolCall)]
        ids = [token.id for token in tokens]
        return Completion(
            text="".join(part for part in parts if isinstance(part, str)),
            token_ids=ids,
            prompt_tokens=len(prompt),
            finish_reason=self.finish_reason(ids[-1], calls),
            tool_calls=calls,
        )

    def parts(
        self, tokens: list[Token] | Iterator[Token], tools: list[dict] | None
    ) -> Iterator[str | ToolCall]:
        """Text pieces and tool calls of a stream of tokens, as they become whole."""
        pairs = ((token.id, token.text) for token in tokens)
        return toolcalls.split(pairs, *(self.tool_ids if tools else (None, None)))

    def finish_reason(
        self, last_id: int, calls: list[ToolCall]
    ) -> Literal["stop", "length", "tool_calls"]:
        """Why an answer ended, from its last token and the calls in it."""
        if calls:
            return "tool_calls"
        return "stop" if last_id in self.end_ids else "length"

    def _acquire(self, cancelled: Callable[[], bool]) -> bool:
        if self._holder == threading.get_ident():
            raise CourseError(
                "Another answer of this model is still being generated in this thread: read it "
                "to its end, or close() it, before asking for the next."
            )
        while not self._lock.acquire(timeout=0.1):
            if cancelled():
                return False
        self._holder = threading.get_ident()
        return True

    def _release(self) -> None:
        self._holder = None
        self._lock.release()


class _Pieces:
    """Token ids to text; bytes of an unfinished character wait for the tokens that finish it."""

    def __init__(self, tokenizer: Tokenizer, special: frozenset[int]):
        self._tokenizer = tokenizer
        self._special = special
        self._start()

    def _start(self) -> None:
        self._stream = DecodeStream(skip_special_tokens=True)
        self._waiting: list[int] = []

    def step(self, token: int, *, last: bool) -> str:
        """The text that this token completes; with `last`, also what never will be complete,
        as U+FFFD."""
        if token in self._special:
            return self._flush()
        self._waiting.append(token)
        text = self._stream.step(self._tokenizer, token)
        if text is not None:
            self._waiting = []
            return text
        return self._flush() if last else ""

    def _flush(self) -> str:
        text = self._tokenizer.decode(self._waiting) if self._waiting else ""
        self._start()
        return text


@functools.cache
def _byte_letters() -> dict[str, int]:
    """The letter that byte-level tokenizers write for each byte: a printable one stands for
    itself, the others are moved up to where letters are."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(0x100 + number): byte for number, byte in enumerate(moved)
    }


LONG = 4096
"""From here on the positions of Phi's LongRoPE are scaled otherwise, those before it too."""

SMALL = 20_000_000
"""Bytes of weights under which a second thread costs more in waiting than it computes (measured
with pocket, 2.6 M parameters: one thread is as fast as two, and steadier)."""


def best_threads(folder: Path) -> int:
    """How many threads to compute with: one for a very small model, else the physical cores."""
    weights = sum(file.stat().st_size for file in folder.glob("model.onnx*"))
    return 1 if weights < SMALL else physical_cores()


def physical_cores() -> int:
    """The machine's physical cores that this process may use, at least 1."""
    cores = psutil.cpu_count(logical=False) or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return max(1, min(cores, allowed))


def _search(temperature: float, top_p: float, seed: int | None) -> dict:
    if temperature == 0:
        return {"do_sample": False}
    drawn = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0}
    # GenAI takes a C int; -1 means a random one.
    return drawn | {"random_seed": -1 if seed is None else seed % 2**31}


def _read_config(folder: Path) -> dict:
    file = folder / "genai_config.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(
            f"There is no converted model in {folder} (no genai_config.json): make one with "
            f"`workbook convert --model pocket --to onnx-int4`."
        ) from None
    except ValueError as error:
        raise CourseError(f"{file} is not JSON ({error}): convert the model again.") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

"""Ask a whole bank of questions, many at once, and keep every answer.

Any OpenAI-shaped endpoint will do. Answers go to a JSON Lines file as they come: the first line
says which run it is, and every further line is one answer. A run that was interrupted goes on
where it stopped: the same command asks only what has no answer yet.
"""

import asyncio
import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import openai
from anyio.from_thread import start_blocking_portal
from tqdm.auto import tqdm

from workbook.errors import CourseError
from workbook.evaluate import sandbox, strategies
from workbook.evaluate.answers import plain_call
from workbook.evaluate.banks import Question

RETRIED = (429, 503)
"""Statuses that mean "not now": only they are asked again."""

GONE = 3
"""So many connections in a row that fail end a run: the server is not there any more."""


@dataclass(frozen=True)
class Plan:
    """How every question of a run is asked.

    samples: answers to each question; sample number k is drawn with seed + k. temperature,
    max_tokens: as the endpoint understands them. concurrency: requests at once. timeout: seconds
    for one question, waiting and retries included. retries: how often a refused request (429 or
    503) is sent again, after `backoff` seconds, then twice that, and so on, or after as long as
    the server says. system: a system prompt for questions that have none. strategy: how function
    calls are asked for (see strategies). extra: further fields of the request.
    """

    samples: int = 1
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 512
    concurrency: int = 4
    timeout: float = 120.0
    retries: int = 5
    backoff: float = 0.5
    system: str = ""
    strategy: str = "auto"
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.samples < 1 or self.concurrency < 1 or self.timeout <= 0:
            raise CourseError(
                f"A plan needs at least one sample, one request at a time and some time, not "
                f"samples={self.samples}, concurrency={self.concurrency}, timeout={self.timeout}."
            )
        strategies.request(self.strategy, [])  # raises CourseError for an unknown one
        if self.samples > 1 and self.temperature == 0:
            raise CourseError(
                f"At temperature 0 all {self.samples} samples would be the same: choose a "
                f"temperature above 0, for example 0.7, or samples=1."
            )


@dataclass(frozen=True)
class Answer:
    """One answer to one question.

    `found` is what was read out of it and `why` says what is wrong with it. `seconds` is the time
    of the request that was answered, `tries` how many requests there were. `error` is empty, or
    says why there is no answer: then `right` is False, because a deployment that gives no answer
    gives no right one.
    """

    id: str
    family: str
    right: bool
    text: str = ""
    sample: int = 0
    seed: int = 0
    tool_calls: list[dict] = field(default_factory=list)
    found: str = ""
    why: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    tries: int = 1
    error: str = ""


@dataclass(frozen=True)
class Run:
    """All answers of a run, in the order of the bank. `about` says what was asked of what;
    `seconds` is the wall-clock time of this call, 0 when every answer was there already."""

    about: dict[str, Any]
    questions: list[Question]
    answers: list[Answer]
    seconds: float = 0.0

    @property
    def errors(self) -> list[Answer]:
        """The answers that never came."""
        return [answer for answer in self.answers if answer.error]


def run(
    questions: Sequence[Question],
    base_url: str,
    model: str,
    *,
    plan: Plan | None = None,
    file: Path | None = None,
    label: str = "",
    api_key: str = "not-needed",
    about: dict[str, Any] | None = None,
) -> Run:
    """Ask every question and judge the answers; works in a notebook too.

    base_url: ends in /v1; file: where answers are kept, and where an earlier run is gone on with
    (answers that failed are asked again); about: more to write down about the run, for example
    the runtime's version.

    Raises CourseError when the file holds another run, when the server is not there (what was
    answered so far is kept), and where code must be run and there is no sandbox.
    """
    plan = plan or Plan()
    questions = list(questions)
    if not questions:
        raise CourseError("There is nothing to ask: the selection of questions is empty.")
    if any(question.checker == "python" for question in questions):
        sandbox.available()
    head = {**(about or {}), "model": model, **_asked(questions, plan)}
    started = time.perf_counter()
    with _Store(file, head) as store:
        wanted = [(q, k) for k in range(plan.samples) for q in questions]
        missing = [(q, k) for q, k in wanted if not store.has(q.id, k)]
        if missing:
            _finish(
                functools.partial(_ask_all, missing, base_url, model, plan, store, label, api_key)
            )
        answers = [store.kept[question.id, sample] for question, sample in wanted]
    seconds = time.perf_counter() - started if missing else 0.0
    return Run({**head, "base_url": base_url}, questions, answers, seconds)


_HOW_FAST = ("concurrency", "timeout", "retries", "backoff")
"""Parts of a plan that do not change what is answered."""


def _asked(questions: Sequence[Question], plan: Plan) -> dict[str, Any]:
    how = {key: value for key, value in asdict(plan).items() if key not in _HOW_FAST}
    return {"questions": fingerprint(questions), "plan": how}


def name_of(about: dict[str, Any], questions: Sequence[Question], plan: Plan) -> str:
    """A short name for a run: the same for the same questions, asked in the same way."""
    text = json.dumps([about, _asked(questions, plan)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def fingerprint(questions: Iterable[Question]) -> str:
    """A short name for exactly these questions: another wording, order or checker changes it."""
    text = json.dumps([asdict(q) for q in questions], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _finish(ask_all: Callable[[], Awaitable[None]]) -> None:
    """Run it to its end, from a notebook too, whose own loop is running in this thread."""
    with start_blocking_portal() as portal:
        asking = portal.start_task_soon(ask_all)
        try:
            asking.result()
        except BaseException:
            asking.cancel()
            raise


# ---------------------------------------------------------------- asking


class _Refused(Exception):
    """No answer to this request, and asking again would not help."""


async def _ask_all(
    missing: list[tuple[Question, int]],
    base_url: str,
    model: str,
    plan: Plan,
    store: "_Store",
    label: str,
    api_key: str,
) -> None:
    from workbook.runtimes.base import is_local

    http = httpx.AsyncClient(
        trust_env=not is_local(base_url),
        timeout=httpx.Timeout(plan.timeout),
        limits=httpx.Limits(max_connections=plan.concurrency),
    )
    client = openai.AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, http_client=http)
    queue, gone = iter(missing), _Gone(base_url, store)
    async with client:
        with tqdm(total=len(missing), desc=label, leave=False) as bar:

            async def worker() -> None:
                for question, sample in queue:
                    store.add(await _answer(client, model, plan, question, sample, gone))
                    bar.update()

            workers = [
                asyncio.create_task(worker()) for _ in range(min(plan.concurrency, len(missing)))
            ]
            try:
                await asyncio.gather(*workers)
            finally:
                for task in workers:
                    task.cancel()
                await asyncio.gather(*workers, return_exceptions=True)


class _Gone:
    """Counts connections that fail one after the other."""

    def __init__(self, base_url: str, store: "_Store") -> None:
        self.base_url, self.store, self.in_a_row = base_url, store, 0

    def answered(self) -> None:
        """Somebody is there."""
        self.in_a_row = 0

    def failed(self, reason: str) -> None:
        """Raises CourseError when it is one time too many."""
        self.in_a_row += 1
        if self.in_a_row >= GONE:
            kept = f"{self.store.count} answers are kept"
            where = f" in {self.store.file}" if self.store.file else ""
            again = "run the same again to go on" if self.store.file else "run the same again"
            raise CourseError(
                f"Nothing answers at {self.base_url} ({reason}; {kept}{where}): start the runtime "
                f"and {again}."
            )


async def _answer(
    client: openai.AsyncOpenAI, model: str, plan: Plan, question: Question, sample: int, gone: _Gone
) -> Answer:
    base = Answer(question.id, question.family, False, sample=sample, seed=plan.seed + sample)
    tries = _Tries()
    try:
        async with asyncio.timeout(plan.timeout):
            body = await _completion(client, _request(question, model, plan, sample), plan, tries)
    except TimeoutError:
        error = f"no answer within {plan.timeout:g} seconds"
        return dataclasses.replace(base, error=error, tries=tries.count)
    except (_Refused, openai.APIStatusError) as refused:
        gone.answered()
        return dataclasses.replace(base, error=_one_line(refused), tries=tries.count)
    except (openai.APIConnectionError, httpx.HTTPError) as error:
        reason = _one_line(error.__cause__ or error)
        gone.failed(reason)
        return dataclasses.replace(base, error=f"no connection: {reason}", tries=tries.count)
    gone.answered()
    choice = body["choices"][0]
    message, usage = choice["message"], body.get("usage") or {}
    asked = strategies.read(message, question.tools)
    text, made = asked.text, asked.tool_calls
    verdict = await asyncio.to_thread(question.judge, text, made)
    return dataclasses.replace(
        base,
        right=verdict.right,
        text=text,
        tool_calls=[_kept(call) for call in made],
        found=verdict.found,
        why=verdict.why,
        finish_reason=choice.get("finish_reason") or "",
        prompt_tokens=usage.get("prompt_tokens") or 0,
        completion_tokens=usage.get("completion_tokens") or 0,
        seconds=tries.seconds,
        tries=tries.count,
    )


@dataclass
class _Tries:
    count: int = 0
    seconds: float = 0.0


async def _completion(
    client: openai.AsyncOpenAI, request: dict, plan: Plan, tries: _Tries
) -> dict[str, Any]:
    """The body of the first answer with status 200, checked to have a message in it."""
    while True:
        tries.count += 1
        started = time.perf_counter()
        try:
            raw = await client.chat.completions.with_raw_response.create(**request)
        except openai.APIStatusError as error:
            if error.status_code not in RETRIED or tries.count > plan.retries:
                raise
            await asyncio.sleep(_pause(error.response, plan, tries.count))
            continue
        tries.seconds = time.perf_counter() - started
        return _read(raw.http_response)


def _pause(response: httpx.Response, plan: Plan, count: int) -> float:
    """Seconds to wait: what the server says, else twice as long each time, a little scattered."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(response.headers.get("retry-after", "")))
    return plan.backoff * 2 ** (count - 1) * random.uniform(0.8, 1.2)


def _read(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
        message = body["choices"][0]["message"]
        if not isinstance(message, dict) or not isinstance(message.get("content"), str | None):
            raise TypeError
        for call in message.get("tool_calls") or []:
            call["function"]["name"], call["function"]["arguments"]
    except (ValueError, KeyError, IndexError, TypeError):
        shown = " ".join(response.text.split())[:80]
        raise _Refused(f"the answer is not a chat completion: {shown!r}") from None
    return body


def _request(question: Question, model: str, plan: Plan, sample: int) -> dict[str, Any]:
    messages = question.messages()
    if plan.system and not question.system:
        messages = [{"role": "system", "content": plan.system}, *messages]
    request = {
        "model": model,
        "messages": messages,
        "temperature": plan.temperature,
        "max_tokens": plan.max_tokens,
        "seed": plan.seed + sample,
    }
    request |= strategies.request(plan.strategy, question.tools, max_tokens=plan.max_tokens)
    return {**request, **({"extra_body": plan.extra} if plan.extra else {})}


def _kept(call: dict) -> dict:
    # Arguments that are not JSON stay as they were written.
    plain = plain_call(call)
    if plain["arguments"] is None:
        return {"name": plain["name"], "arguments": call["function"]["arguments"]}
    return plain


def _one_line(error: BaseException) -> str:
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        said = body.get("message") or error.response.text
        return f"status {error.status_code}: {' '.join(str(said).split())[:200]}"
    return " ".join(str(error).split())[:200] or type(error).__name__


# ---------------------------------------------------------------- keeping


class _Store:
    """Answers by question and sample, and the file that holds them (or none)."""

    def __init__(self, file: Path | None, head: dict[str, Any]) -> None:
        self.file, self._head = Path(file) if file else None, head
        self.kept: dict[tuple[str, int], Answer] = {}
        self._open: IO[str] | None = None

    @property
    def count(self) -> int:
        """How many answers came."""
        return sum(not answer.error for answer in self.kept.values())

    def has(self, id: str, sample: int) -> bool:
        """Whether there is an answer; one that failed does not count."""
        kept = self.kept.get((id, sample))
        return kept is not None and not kept.error

    def add(self, answer: Answer) -> None:
        self.kept[answer.id, answer.sample] = answer
        self._write(asdict(answer))

    def __enter__(self) -> "_Store":
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            begun = self.file.exists() and self._load()
            self._open = self.file.open("a", encoding="utf-8", newline="\n")
            if not begun:
                self._write({"run": self._head})
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            self._open.close()

    def _write(self, row: dict) -> None:
        if self._open:
            self._open.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._open.flush()
            os.fsync(self._open.fileno())

    def _load(self) -> bool:
        """Read what an earlier run left; whether it left anything."""
        whole = self.file.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):  # the last line was torn off while it was written
            with self.file.open("r+b") as open_file:
                open_file.truncate(end)
        lines = whole[:end].decode("utf-8", "replace").splitlines()
        if not lines:
            return False
        head, rows = read_lines(self.file, lines)
        different = [k for k in {*head, *self._head} if head.get(k) != self._head.get(k)]
        if different:
            raise CourseError(
                f"{self.file} holds another run (it differs in {', '.join(sorted(different))}): "
                f"choose another file, or delete it."
            )
        self.kept = {(answer.id, answer.sample): answer for answer in rows}
        return True


def read_lines(file: Path, lines: list[str]) -> tuple[dict[str, Any], list[Answer]]:
    """What a results file says about its run, and its answers. Raises CourseError when a line is
    not what it should be."""
    answers: list[Answer] = []
    try:
        head = dict(json.loads(lines[0])["run"])
        for text in lines[1:]:
            answers.append(Answer(**json.loads(text)))
    except (ValueError, KeyError, TypeError):
        raise CourseError(
            f"{file} is not a results file (after {len(answers)} answers there is a line that is "
            f"none): choose another file, or delete it."
        ) from None
    return head, answers


# ---------------------------------------------------------------- voting


def vote(answers: Sequence[Answer], questions: Sequence[Question]) -> list[Answer]:
    """Self-consistency: of all samples of a question, the answer that was found most often, in
    place of them; the first one among equals (Wang et al. 2022).

    What counts is what was found in an answer, not its wording. Answers without anything found
    do not vote. Raises CourseError for questions with code: two programs are seldom the same.
    """
    check_vote(questions)
    samples: dict[str, list[Answer]] = {}
    for answer in sorted(answers, key=lambda a: a.sample):
        samples.setdefault(answer.id, []).append(answer)
    chosen = []
    for question in questions:
        group = samples[question.id]
        counts = Counter(answer.found for answer in group if answer.found)
        winner = counts.most_common(1)[0][0] if counts else ""
        chosen.append(next(a for a in group if a.found == winner) if winner else group[0])
    return chosen


def check_vote(questions: Sequence[Question]) -> None:
    """Raises CourseError when the answers to these questions cannot be voted on."""
    if any(question.checker in ("python", "contains") for question in questions):
        raise CourseError(
            "Voting needs answers that can be the same: leave out the questions whose answer is "
            "code."
        )

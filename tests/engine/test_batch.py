"""Answers that are computed together: the same as alone, and none harms another."""

import random
import subprocess
import sys
import threading
import time

import numpy as np
import onnxruntime
import pytest
from engine_doubles import unlucky, wait_for

from workbook.engine import LocalModel, batch
from workbook.engine.batch import Batch, Row
from workbook.engine.generation import Stop
from workbook.engine.sampling import Sampler, log_probabilities

GREEDY = Sampler(0.0, 1.0, None)


@pytest.fixture(scope="module")
def own(artifact) -> LocalModel:
    """A model whose rounds nobody else has a part in."""
    return LocalModel(artifact.path)


@pytest.fixture
def sizes(own):
    """How many answers got a token in each round."""
    found: list[int] = []
    own.observe(found.append)
    yield found
    own.observe(lambda count: None)


def prompts(model: LocalModel, count: int) -> list[list[int]]:
    draw = random.Random(count)
    words = ["train", "240", "km", "日本", "area", "\n", "hours"]
    texts = [" ".join(draw.choices(words, k=draw.randrange(1, 90))) for _ in range(count)]
    return [model.encode([{"role": "user", "content": text}]) for text in texts]


def ask(model: LocalModel, asked: list[dict]) -> list[list]:
    """The answers to requests that begin at the same moment, a thread each."""
    found: list[list] = [[] for _ in asked]
    gate = threading.Barrier(len(asked))

    def one(number: int) -> None:
        gate.wait()
        found[number] = list(model.stream(**asked[number]))

    threads = [threading.Thread(target=one, args=[number]) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# ---------------------------------------------------------------- the same as alone


def test_a_rows_scores_are_bit_for_bit_those_it_has_alone(own):
    """Whatever stands beside it, and whatever was in its place before."""
    decoder, options = own._batch._decoder, onnxruntime.RunOptions()
    given = prompts(own, 7)

    def read(row: int, prompt: list[int]) -> np.ndarray:
        for begin in range(0, len(prompt), batch.PIECE):
            piece = prompt[begin : begin + batch.PIECE]
            scores = decoder.read(row, piece, begin, options)
        return scores

    alone = []
    for prompt in given:
        decoder.reserve(1, 400)
        seen = [read(0, prompt)]
        for count in range(20):
            token = int(seen[-1].argmax())
            seen.append(decoder.step([token], [len(prompt) + count])[0].copy())
        alone.append(seen)
    decoder.reserve(len(given), 400)
    beside = [[read(row, prompt)] for row, prompt in enumerate(given)]
    for count in range(20):
        if count == 10:  # the last row takes the place of another, and is read again over the old
            decoder.move(6, 2, len(given[6]) + count)
            given[2], beside[2], alone[2] = given[6], beside[6], alone[6]
            given.pop(), beside.pop(), alone.pop()
        tokens = [int(row[-1].argmax()) for row in beside]
        step = decoder.step(tokens, [len(prompt) + count for prompt in given])
        for row, scores in zip(beside, step, strict=True):
            row.append(scores.copy())
    decoder.clear()
    for one, other in zip(beside, alone, strict=True):
        assert len(one) == 21
        for scores, expected in zip(one, other, strict=True):
            assert np.array_equal(scores, expected)


def test_many_kinds_of_answers_are_those_they_are_alone(own, sizes):
    asked = [
        {
            "prompt_ids": prompt,
            "max_tokens": 5 + 7 * (number % 9),
            "min_tokens": 30 * (number % 3 == 0),
            "temperature": 0.8 * (number % 4),
            "top_p": 1.0 - 0.1 * (number % 5),
            "seed": number,
            "logprobs": [None, 0, 3][number % 3],
        }
        for number, prompt in enumerate(prompts(own, 40))
    ]
    alone = [list(own.stream(**one)) for one in asked]
    assert set(sizes) == {1}
    sizes.clear()
    assert ask(own, asked) == alone
    assert max(sizes) == batch.TOGETHER
    assert sum(sizes) / len(sizes) > 4


def test_who_comes_late_joins_at_once_and_who_is_ready_leaves(own, sizes):
    first, second = prompts(own, 2)
    early = own.stream(first, max_tokens=2000, min_tokens=2000)
    next(early)
    late = list(own.stream(second, max_tokens=20, min_tokens=20))
    assert len(late) == 20
    assert own.busy  # the early one is still being computed
    assert len(list(early)) == 1999
    assert sizes.count(2) == 19 and sizes[-1] == 1


# ---------------------------------------------------------------- nobody harms another


def test_an_answer_that_is_given_up_leaves_the_others_as_they_are(own):
    given = prompts(own, 6)
    alone = [[t.id for t in own.stream(p, max_tokens=150, min_tokens=150)] for p in given]
    streams = [own.stream(p, max_tokens=150, min_tokens=150) for p in given]
    found: list[list[int]] = [[] for _ in given]
    for turn in range(150):
        for number, stream in enumerate(streams):
            if number % 2 and turn == 10 * number:
                stream.close()
            found[number] += [token.id for token in [next(stream, None)] if token]
    assert found[0::2] == alone[0::2]
    for number in (1, 3, 5):
        assert found[number] == alone[number][: 10 * number]
    assert wait_for(lambda: not own.busy)


@pytest.mark.parametrize("moment", ["waits", "is read", "is under way"])
def test_a_stop_ends_one_answer_within_100_ms(own, moment):
    short, other = prompts(own, 2)
    beside = own.stream(other, max_tokens=3000, min_tokens=3000)
    next(beside)
    prompt = (short * 200)[:3500] if moment == "is read" else short
    blocked = []
    if moment == "waits":
        blocked = [own.stream(other, max_tokens=3000, min_tokens=3000) for _ in range(15)]
        for stream in blocked:
            next(stream)
    stop, ended = Stop(), []

    def read() -> None:
        list(own.stream(prompt, max_tokens=500, min_tokens=500, cancelled=stop))
        ended.append(time.perf_counter())

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.1)
    assert not ended
    stop.set("enough")
    thread.join(10)
    assert ended[0] - stop.at < 0.1
    assert own.busy and next(beside)
    for stream in (beside, *blocked):
        stream.close()
    assert wait_for(lambda: not own.busy)


def test_a_round_that_fails_fails_its_answers_and_no_later_one(own, monkeypatch):
    given = prompts(own, 4)
    expected = [t.id for t in own.stream(given[0], max_tokens=9, min_tokens=9)]
    decoder = own._batch._decoder
    monkeypatch.setattr(decoder, "step", unlucky(decoder.step, 3))
    streams = [own.stream(p, max_tokens=3000, min_tokens=3000) for p in given]
    for stream in streams[:2]:
        next(stream)
    next(streams[2])
    for stream in streams[:3]:
        with pytest.raises(RuntimeError, match="out of luck"):
            list(stream)
    assert next(streams[3])
    streams[3].close()
    assert [t.id for t in own.stream(given[0], max_tokens=9, min_tokens=9)] == expected


def test_a_prompt_that_cannot_be_read_fails_alone(own, monkeypatch):
    given = prompts(own, 2)
    expected = [t.id for t in own.stream(given[0], max_tokens=200, min_tokens=200)]
    decoder = own._batch._decoder
    real = decoder.read

    def fails(row, tokens, before, options):
        if row:
            raise RuntimeError("out of luck")
        return real(row, tokens, before, options)

    monkeypatch.setattr(decoder, "read", fails)
    stream = own.stream(given[0], max_tokens=200, min_tokens=200)
    first = next(stream).id
    with pytest.raises(RuntimeError, match="out of luck"):
        list(own.stream(given[1]))
    assert [first, *(token.id for token in stream)] == expected


def test_memory_that_cannot_be_had_fails_the_answer_and_no_other(own, monkeypatch):
    given = prompts(own, 2)
    expected = [t.id for t in own.stream(given[0], max_tokens=200, min_tokens=200)]
    made = []
    real = np.empty

    def fails(shape, *rest):
        made.append(shape)
        if len(shape) == 4 and len(made) > 3:
            raise MemoryError("too much")
        return real(shape, *rest)

    beside = own.stream(given[0], max_tokens=200, min_tokens=200)
    first = [next(beside).id]
    with monkeypatch.context() as patch:
        patch.setattr(np, "empty", fails)
        with pytest.raises(MemoryError):
            list(own.stream(given[1], max_tokens=2000, min_tokens=2000))
    assert first + [token.id for token in beside] == expected


# ---------------------------------------------------------------- room


def test_the_cache_grows_no_further_than_it_may(own, monkeypatch, sizes):
    given = prompts(own, 6)
    asked = [{"prompt_ids": p, "max_tokens": 500 - len(p), "min_tokens": 40} for p in given]
    alone = [list(own.stream(**one)) for one in asked]
    room = 2 * 512 * own._batch._decoder.token_bytes
    monkeypatch.setattr(own._batch, "_most_bytes", room)
    sizes.clear()
    assert ask(own, asked) == alone
    assert max(sizes) == 2
    monkeypatch.setattr(own._batch, "_most_bytes", 0)
    assert ask(own, asked) == alone  # one is always computed


def test_the_cache_is_as_large_as_the_requests_and_is_given_back(own):
    decoder = own._batch._decoder
    (prompt,) = prompts(own, 1)
    stream = own.stream(prompt, max_tokens=1000, min_tokens=1000)
    next(stream)
    needed = len(prompt) + 1000
    assert decoder.rows == 1 and needed <= decoder.places < 2 * needed
    stream.close()
    assert wait_for(lambda: not own.busy)
    assert decoder.rows == decoder.places == 0


def test_a_program_ends_though_an_answer_was_left_open(artifact):
    code = (
        "import sys; from pathlib import Path; from workbook.engine import LocalModel\n"
        "model = LocalModel(Path(sys.argv[1]))\n"
        "stream = model.stream(model.encode_raw('a'), max_tokens=4000, min_tokens=4000)\n"
        "print(next(stream).id); model.threads = stream; sys.modules['kept'] = model"
    )
    command = [sys.executable, "-c", code, str(artifact.path)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.strip().isdecimal()
    assert time.perf_counter() - started < 20


def test_rows_that_are_given_up_before_their_turn_are_never_computed(own):
    beside = Batch(own._batch._decoder, together=1)
    first = Row([5, 6, 7], 400, GREEDY, [])
    second = Row([5, 6], 400, GREEDY, [])
    beside.add(first)
    beside.add(second)
    beside.give_up(second)
    assert list(second.results()) == []
    assert len(list(first.results())) == 400
    assert second.count == 0 and wait_for(lambda: not beside.busy)


# ---------------------------------------------------------------- the choice of tokens


def test_tokens_are_drawn_as_often_as_they_are_probable():
    scores = np.log(np.array([0.5, 0.25, 0.15, 0.1, 1e-9], np.float32))
    sampler = Sampler(1.0, 1.0, 0)
    drawn = np.bincount([sampler.choose(scores) for _ in range(20_000)], minlength=5) / 20_000
    assert drawn == pytest.approx([0.5, 0.25, 0.15, 0.1, 0], abs=0.015)
    sampler = Sampler(0.5, 1.0, 0)  # squares
    drawn = np.bincount([sampler.choose(scores) for _ in range(20_000)], minlength=5) / 20_000
    squares = np.array([0.25, 0.0625, 0.0225, 0.01, 0])
    assert drawn == pytest.approx(squares / squares.sum(), abs=0.015)


@pytest.mark.parametrize("size", [7, 5000])
@pytest.mark.parametrize("top_p", [0.01, 0.3, 0.9, 0.999999])
def test_top_p_draws_from_the_fewest_most_probable_ones(size, top_p):
    scores = np.random.default_rng(size).normal(size=size).astype(np.float32)
    exact = np.exp(scores.astype(float))
    order = np.argsort(-exact)
    sums = np.cumsum(exact[order]) / exact.sum()
    allowed = set(order[: int((sums < top_p).sum()) + 1].tolist())
    sampler = Sampler(1.0, top_p, 1)
    drawn = {sampler.choose(scores) for _ in range(3000)}
    assert drawn <= allowed
    assert len(drawn) > min(len(allowed), 700) / 3


def test_what_cannot_be_is_never_drawn():
    scores = np.full(50, -np.inf, np.float32)
    scores[[3, 9]] = 1e30
    for temperature in (1e-300, 1.0, 1e300):
        for top_p in (0.5, 1.0):
            sampler = Sampler(temperature, top_p, 3)
            assert {sampler.choose(scores) for _ in range(50)} <= {3, 9}


def test_log_probabilities_sum_to_one():
    scores = np.array([1.0, 2.0, 3.0], np.float32)
    own, best = log_probabilities(scores, 0, 3)
    assert [id for id, _ in best] == [2, 1, 0] and best[2][1] == own
    assert sum(np.exp(value) for _, value in best) == pytest.approx(1)

"""Checks of lab 04: capacity, block quantization, a generation loop, quality loss."""

import contextlib
import json
import math
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from workbook.course.checks import Mistake, check, kind, real, same_number

Config = dict[str, Any]
Messages = list[dict[str, str]]
Record = dict[str, Any]

# ---------------------------------------------------------------- exercise 1: capacity


@check
def parameters(function: Callable, config: Config, expected: int) -> None:
    """Check parameters(config) on one config. Raises Mistake."""
    mistakes = {expected + delta: said for delta, said in _parameter_mistakes(config).items()}
    same_number("parameters(config)", function(dict(config)), expected, mistakes)


def _parameter_mistakes(config: Config) -> dict[int, str]:
    """How far off each known mistake is, and what to say about it."""
    layers, hidden = config["num_hidden_layers"], config["hidden_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head = config.get("head_dim") or hidden // heads
    table = config["vocab_size"] * hidden
    feed_forward = hidden * config["intermediate_size"]
    attention = 2 * (heads + kv_heads) * hidden
    return {
        layers * attention * (hidden // heads - head): "This config has a head_dim: where it has "
        "one, it counts, and not hidden_size // num_attention_heads.",
        table: "You counted the embedding table twice, but here it is tied: the table that "
        "reads tokens also writes them (tie_word_embeddings is True).",
        -table: "You counted the embedding table once, but here it is not tied: the output has "
        "a table of its own (tie_word_embeddings is False).",
        layers * hidden * 2 * (heads - kv_heads) * head: "You gave keys and values as many heads "
        "as queries. With grouped-query attention they have num_key_value_heads.",
        -layers * hidden * kv_heads * head: "You counted keys or values, not both.",
        -layers * feed_forward: "You counted two matrices in the feed-forward part. There are "
        "three: gate, up (fused in one matrix, which is twice as wide) and down.",
        -layers * heads * head * hidden: "You left out the output projection of the attention.",
        -(2 * layers + 1) * hidden: "You left out the norms: two in each layer and one at the end.",
        -(layers + 1) * hidden: "You counted one norm a layer; there are two, and one at the end.",
        layers * hidden * (hidden - heads * head): "You took the output projection as hidden_size "
        "by hidden_size: it is (query heads x head size) by hidden_size.",
        -hidden: "You left out the last norm, after all layers.",
        -layers * 2 * hidden: "You left out the two norms of each layer.",
    }


BUILT_ON = "Are the functions that it calls right for this config? Then compare with hint 1."


@check
def weight_bytes(
    function: Callable,
    config: Config,
    bits: int,
    block_size: int,
    expected: int,
) -> None:
    """Check weight_bytes(config, bits, block_size) with scales of 16 bits. Raises Mistake."""
    call = f"weight_bytes(config, {bits}, {block_size})"
    found = function(dict(config), bits, block_size)
    # expected x 8 = count x bits + count / block x 16
    count = expected * 8 * block_size // (bits * block_size + 16) if block_size else 0
    mistakes = {
        expected * 8: "Those are bits: eight of them are a byte.",
        expected * 2: "That is twice as much: are you counting 16 bits as 4 bytes?",
    }
    if block_size:
        mistakes |= {
            count * bits // 8: "You left out the scales: each block of weights carries one.",
            count * bits // 8 + count // block_size: "A scale has 16 bits, not 8.",
            count * bits // 8 + count // block_size * 4: "A scale has 16 bits, not 32.",
            count * bits // 8 + count * 2: "You gave every weight a scale; every block has one.",
        }
    same_number(call, found, expected, mistakes, BUILT_ON)


@check
def kv_cache_bytes(
    function: Callable, config: Config, tokens: int, sequences: int, bits: int, expected: int
) -> None:
    """Check kv_cache_bytes(config, tokens, sequences, bits). Raises Mistake."""
    call = f"kv_cache_bytes(config, {tokens}, {sequences}, {bits})"
    found = function(dict(config), tokens, sequences, bits)
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    mistakes = {
        expected * heads // kv_heads: "You counted one key and value for every query head; the "
        "cache holds num_key_value_heads of them.",
        expected // 2: "That is half: the cache holds a key and a value.",
        expected * 8: "Those are bits: eight of them are a byte.",
        expected // sequences: "That is one sequence's cache: every sequence has its own.",
        expected // config["num_hidden_layers"]: "That is one layer's cache: every layer has one.",
        expected * 16 // bits: f"You took 16 bits for a number; this call says {bits}.",
    }
    same_number(call, found, expected, mistakes, BUILT_ON)


@check
def sequences_that_fit(
    function: Callable,
    arguments: tuple[Config, float, int, int, int],
    expected: int,
    weights: int,
    per_sequence: int,
) -> None:
    """Check sequences_that_fit(config, gib, tokens, bits, block_size).

    weights, per_sequence: the bytes that the weights and one sequence's cache take. Raises
    Mistake.
    """
    config, gib, tokens, bits, block = arguments
    found = function(dict(config), gib, tokens, bits, block)
    room = (gib * 2**30 - weights) / per_sequence
    mistakes = {
        int(gib * 2**30 // per_sequence): "You left out the weights: they are in memory first.",
        int(max(0.0, gib * 1e9 - weights) // per_sequence): "A GiB is 2**30 bytes; you took 10**9.",
        int(max(0.0, room) * 16 / bits): f"You took {bits} bits for the cache, too: only the "
        "weights have them, and the cache is bf16.",
        math.ceil(room): "A part of a sequence does not fit: round down.",
        math.floor(room): "When not even the weights fit, the answer is 0, not less.",
    }
    call = f"sequences_that_fit(config, {gib}, {tokens}, {bits}, {block})"
    same_number(call, found, expected, mistakes, BUILT_ON)


# ---------------------------------------------------------------- exercise 2: quantization


def sample_weights(rows: int, columns: int, seed: int) -> np.ndarray:
    """Weights as a layer has them: float32, (rows, columns), small, with a few large outliers,
    most of which are negative."""
    generator = np.random.default_rng(seed)
    weights = generator.normal(0.0, 0.02, (rows, columns)).astype(np.float32)
    places = generator.choice(weights.size, size=max(2, weights.size // 64), replace=False)
    weights.flat[places] *= np.where(np.arange(len(places)) % 4 == 0, 8, 1)
    weights.flat[places] = -np.abs(weights.flat[places]) * 2
    return weights


def _array(call: str, value: Any, shape: tuple[int, ...], types: tuple[str, ...]) -> np.ndarray:
    if type(value) is not np.ndarray:
        raise Mistake(f"{call} is {kind(value)}: give a NumPy array.")
    if value.shape != shape:
        raise Mistake(f"{call} has the shape {value.shape}; {shape} is right.")
    if value.dtype.name not in types:
        raise Mistake(f"{call} has the type {value.dtype.name}; {types[0]} is right (use .astype).")
    return value


@check
def quantize_blocks(function: Callable, weights: np.ndarray, bits: int, block_size: int) -> None:
    """Check quantize_blocks(weights, bits, block_size) on weights of shape (rows, columns).

    Raises Mistake.
    """
    try:
        with np.errstate(invalid="raise"):
            answer = function(weights.copy(), bits, block_size)
    except FloatingPointError:
        raise Mistake(
            "quantize_blocks divided 0 by 0: a block of zeros has the scale 0; divide such a block "
            "by 1 instead."
        ) from None
    if type(answer) is not tuple or len(answer) != 2:
        raise Mistake(
            f"quantize_blocks gave {kind(answer)}: give two things, `return integers, scales`."
        )
    integers, scales = answer
    rows, columns = weights.shape
    if getattr(scales, "shape", None) == weights.shape != getattr(integers, "shape", None):
        raise Mistake("The two are in the wrong order: `return integers, scales`.")
    blocks = weights.reshape(rows, -1, block_size).astype(np.float64)
    _check_scales(scales, blocks, bits)
    _array("integers", integers, (rows, columns), ("int8",))
    _check_integers(integers.reshape(blocks.shape).astype(int), scales, blocks, bits)


def _check_scales(scales: Any, blocks: np.ndarray, bits: int) -> None:
    rows, count, _ = blocks.shape
    if type(scales) is np.ndarray and scales.size in (1, rows) and count > 1:
        whose = "row" if scales.size == rows else "matrix"
        raise Mistake(f"You made one scale for the whole {whose}: every block has its own scale.")
    _array("scales", scales, (rows, count), ("float32",))
    largest, top = np.abs(blocks).max(axis=2), 2 ** (bits - 1) - 1
    used = largest > 0
    found, right = scales[used], (largest / top)[used]
    if not np.isfinite(scales).all():
        raise Mistake("A scale is not a finite number: a block of zeros has the scale 0 or 1.")
    if _close(found, right):
        return
    if _close(found, (blocks.max(axis=2) / top)[used]):
        said = "You took the largest weight; take the largest absolute value (np.abs first)."
    elif _close(found, right * top):
        said = f"You gave the largest absolute value itself: divide it by {top}."
    elif _close(found, right * top / (top + 1)):
        said = (
            f"You divided by {top + 1}, but the largest integer with {bits} bits is {top}: "
            f"a weight at the top would become {top + 1} and not fit."
        )
    elif _close(found, right * top / (2 * top + 1)):
        said = f"You divided by {2 * top + 1}, as if no integer were negative: divide by {top}."
    elif found.size > 1 and np.allclose(scales, scales[:, :1]):
        said = "Every block of a row has the same scale: take the largest weight of the block."
    else:
        said = f"A block's scale is its largest absolute value divided by {top}."
    at = np.argmax(~np.isclose(found, right, rtol=1e-4))
    raise Mistake(f"A scale is {found[at]:.6g} and {right[at]:.6g} is right. {said}")


def _close(found: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.allclose(found, right, rtol=1e-4, atol=0))


def _check_integers(integers: np.ndarray, scales: np.ndarray, blocks: np.ndarray, bits: int):
    top = 2 ** (bits - 1) - 1
    steps = np.where(scales > 0, scales, 1).astype(np.float64)[:, :, None]
    exact = blocks / steps
    if np.abs(np.rint(exact) - integers).max() == 0 or np.abs(exact - integers).max() < 0.501:
        return
    if _same_integers(integers, np.clip(np.rint(exact), 0, None)):
        said = f"Every negative weight became 0: the integers go from {-top} to {top}."
    elif _same_integers(integers, np.trunc(exact)):
        said = "You cut the fraction off (astype does that): round to the nearest (np.rint)."
    elif _same_integers(integers, np.rint(blocks * steps)):
        said = "You multiplied by the scale: divide by it."
    elif _same_integers(integers, np.floor(exact)):
        said = "You rounded down: round to the nearest (np.rint)."
    elif integers.max() < top and np.abs(integers).max() < top:
        said = f"No weight uses {top} or {-top}: is the range that you clip to too small?"
    elif integers.min() >= 0:
        said = f"No integer is negative: symmetric integers go from {-top} to {top}."
    elif np.abs(integers).max() > top:
        said = f"An integer is outside of {-top} to {top}."
    else:
        said = "Divide each weight by its own block's scale, then round to the nearest."
    at = np.unravel_index(np.argmax(np.abs(exact - integers)), exact.shape)
    raise Mistake(f"A weight that is {exact[at]:.6g} scales became {integers[at]}. {said}")


def _same_integers(found: np.ndarray, other: np.ndarray) -> bool:
    """True when nearly all agree: a weight at the border of two integers may go either way."""
    return bool(np.mean(found != other) < 0.02)


@check
def dequantize(
    function: Callable, integers: np.ndarray, scales: np.ndarray, expected: np.ndarray
) -> None:
    """Check dequantize(integers, scales) against the weights that it should give.

    Raises Mistake.
    """
    try:
        found = function(integers.copy(), scales.copy())
    except ValueError as error:
        if "broadcast" not in str(error):
            raise
        raise Mistake(
            f"NumPy could not multiply the two ({error}): a scale belongs to a block of "
            "columns, so bring the integers into blocks first."
        ) from None
    found = _array("dequantize(integers, scales)", found, expected.shape, ("float32",))
    if np.allclose(found, expected, rtol=1e-5, atol=1e-8):
        return
    at = np.unravel_index(np.argmax(np.abs(found - expected)), expected.shape)
    row, column = (int(i) for i in at)
    size = integers.shape[1] // scales.shape[1]
    tiled = integers * np.tile(scales, (1, size))
    said = "Multiply each integer by its own block's scale."
    if np.allclose(found, tiled):
        said = "The scales are in turn (np.tile); each is for block_size neighbours (np.repeat)."
    raise Mistake(
        f"The weight at row {row}, column {column} is {found[at]:.6g} and "
        f"{expected[at]:.6g} is right. {said}"
    )


# ---------------------------------------------------------------- exercise 3: generation


@contextlib.contextmanager
def altered(folder: Path, **changes: Any) -> Iterator[Path]:
    """A copy of an artifact's folder whose genai_config.json says something else.

    changes: `eos` sets the token that ends a turn; `sample=True` makes the file ask for sampling.
    The weights are linked or copied; the copy is gone afterwards.
    """
    import shutil

    with tempfile.TemporaryDirectory(prefix="workbook-") as work:
        for file in Path(folder).iterdir():
            try:
                (Path(work) / file.name).symlink_to(file.resolve())
            except OSError:  # Windows without the right to make links
                shutil.copy(file, work)
        config_file = Path(work) / "genai_config.json"
        config = json.loads(config_file.read_text(encoding="utf-8"))
        if "eos" in changes:
            config["model"]["eos_token_id"] = [changes["eos"]]
        if changes.get("sample"):
            config["search"] |= {"do_sample": True, "temperature": 100.0, "top_k": 0, "top_p": 1.0}
        config_file.unlink()
        config_file.write_text(json.dumps(config), encoding="utf-8")
        yield Path(work)


class Reference:
    """What greedy decoding gives: the most likely token, again and again, read from the logits.

    It takes one step at a time with a model that it loads once.
    """

    def __init__(self, folder: Path):
        import onnxruntime_genai as og

        self.og = og
        self.model = og.Model(str(folder))
        self.tokenizer = og.Tokenizer(self.model)
        self.ends = {int(token) for token in self.tokenizer.eos_token_ids}

    def prompt(self, messages: Messages, *, generation_prompt: bool = True) -> list[int]:
        """The token ids of a conversation in the model's chat format."""
        text = self.tokenizer.apply_chat_template(
            json.dumps(messages), add_generation_prompt=generation_prompt
        )
        return self.encode(text)

    def encode(self, text: str) -> list[int]:
        """The token ids of a text."""
        return self.tokenizer.encode(text).tolist()

    def continuation(self, prompt: list[int], limit: int) -> list[int]:
        """At most `limit` new tokens; the one that ends the turn is the last, if there is one."""
        options = self.og.GeneratorParams(self.model)
        options.set_search_options(max_length=len(prompt) + limit + 1)
        generator = self.og.Generator(self.model, options)
        tokens, news = [], prompt
        while len(tokens) < limit and not (tokens and tokens[-1] in self.ends):
            generator.append_tokens(np.array(news, dtype=np.int32))
            news = [int(generator.get_logits()[0, -1].argmax())]
            tokens += news
        return tokens


@check
def generate(function: Callable, folder: Path, messages: Messages, limit: int) -> None:
    """Check generate(folder, messages, limit) against greedy decoding, up to the limit.

    So that this does not depend on how long the model's answer is, the check makes a copy of the
    artifact in which a token that does not come ends the turn. Raises Mistake.
    """
    with altered(folder, eos=_never(folder, messages, limit)) as copy:
        _check_generation(function, copy, messages, limit)


def _check_generation(function: Callable, folder: Path, messages: Messages, limit: int) -> None:
    """The token that ends the turn may be the answer's last or be left out."""
    answer, read = _generated(function, folder, messages, limit)
    found = _tokens(answer)
    reference = Reference(folder)
    prompt = reference.prompt(messages)
    if read and read != prompt:
        raise Mistake(_prompt_mistake(read, prompt, reference, messages))
    expected = reference.continuation(prompt, limit)
    ended = expected[-1] in reference.ends
    if found == expected or (ended and found == expected[:-1]):
        return
    raise Mistake(
        _generation_mistake(found, expected, prompt, limit, ended)
        or _sampling_mistake(found, _generated(function, folder, messages, limit)[0])
        or _first_difference(found, expected)
    )


@check
def stops_at_end_of_turn(function: Callable, folder: Path, messages: Messages, after: int) -> None:
    """Check that generate() stops when the model gives the token that ends its turn.

    So that this does not depend on what the model answers, the check makes a copy of the
    artifact in which the token that comes after `after` others ends the turn. Raises Mistake.
    """
    tokens = _endless(folder, messages, 4 * after)
    end = next((t for n, t in enumerate(tokens) if n >= after and t not in tokens[:n]), tokens[-1])
    with altered(folder, eos=end) as copy:
        _check_generation(function, copy, messages, 4 * after)


@check
def is_greedy(function: Callable, folder: Path, messages: Messages, limit: int) -> None:
    """Check that generate() is greedy even where genai_config.json asks for sampling.

    Raises Mistake.
    """
    with altered(folder, eos=_never(folder, messages, limit), sample=True) as copy:
        _check_generation(function, copy, messages, limit)


def _endless(folder: Path, messages: Messages, limit: int) -> list[int]:
    """What greedy decoding gives when nothing ends the turn."""
    reference = Reference(folder)
    reference.ends = set()
    return reference.continuation(reference.prompt(messages), limit)


def _never(folder: Path, messages: Messages, limit: int) -> int:
    """A token that greedy decoding does not come to soon."""
    tokens = _endless(folder, messages, 4 * limit)
    return next(token for token in range(len(tokens) + 1) if token not in tokens)


def _generated(
    function: Callable, folder: Path, messages: Messages, limit: int
) -> tuple[Any, list[int]]:
    """What the function gives, and the prompt that the model read, as far as that was seen."""
    try:
        with _seen() as read:
            return function(folder, [dict(m) for m in messages], limit), read
    except TypeError as error:
        if "apply_chat_template()" not in str(error):
            raise
        raise Mistake(
            "apply_chat_template refused its arguments: it wants the messages as JSON text, "
            "json.dumps(messages)."
        ) from None
    except RuntimeError as error:
        if "max length" not in str(error) and "max_length" not in str(error):
            raise
        raise Mistake(
            f"GenAI refused the prompt ({error}): max_length counts the prompt's tokens and the "
            "new ones together, so set it to both."
        ) from None


@contextlib.contextmanager
def _seen() -> Iterator[list[int]]:
    """The tokens that og.Generator is given before it makes its first new one, as a list that
    fills while the block runs."""
    import onnxruntime_genai as og

    read: list[int] = []
    original = og.Generator

    class Seen(original):  # type: ignore[misc, valid-type]
        def append_tokens(self, tokens: Any) -> None:
            if not hasattr(self, "started"):
                read.extend(int(token) for token in np.asarray(tokens).ravel())
            super().append_tokens(tokens)

        def generate_next_token(self) -> None:
            self.started = True
            super().generate_next_token()

        def get_logits(self) -> Any:  # a loop may choose and append each token itself
            self.started = True
            return super().get_logits()

    og.Generator = Seen
    try:
        yield read
    finally:
        og.Generator = original


def _tokens(found: Any) -> list[int]:
    if type(found) is str:
        raise Mistake("generate gave text (str): give the token ids, a list of int.")
    if type(found).__module__ == "numpy":
        raise Mistake("generate gave a NumPy array: turn it into a list with .tolist().")
    if type(found) is not list:
        raise Mistake(f"generate gave {kind(found)}: give a list of token ids (int).")
    for token in found:
        if type(token) is not int:
            raise Mistake(
                f"generate gave a list of {type(token).__name__}: the token ids are whole numbers "
                "of Python's own type; int(token) makes one."
            )
    return found


def _generation_mistake(
    found: list[int], expected: list[int], prompt: list[int], limit: int, ended: bool
) -> str:
    if found[: len(prompt)] == prompt:
        return (
            f"The answer begins with the {len(prompt)} tokens of the prompt: give only the new "
            "ones, those behind it."
        )
    if ended and found[: len(expected)] == expected:
        return (
            f"The model ended its turn after {len(expected)} tokens, and generate went on to "
            f"{len(found)}: stop when generator.is_done() says so."
        )
    if len(found) > limit:
        return (
            f"generate gave {len(found)} tokens where {limit} are allowed: set max_length to the "
            "prompt's length plus max_new_tokens."
        )
    if found == expected[: len(found)]:
        return (
            f"generate stopped after {len(found)} of {len(expected)} tokens, though the model had "
            "not ended its turn: max_length counts the prompt too, so set it to the prompt's "
            "length plus max_new_tokens."
        )
    if found and found == expected[-len(found) :]:
        return f"The first {len(expected) - len(found)} new tokens are missing."
    return ""


def _prompt_mistake(
    read: list[int], prompt: list[int], reference: Reference, messages: Messages
) -> str:
    last = messages[-1]["content"]
    if read == reference.encode(last):
        return (
            "You gave the model the bare text of the last message: apply the chat template first."
        )
    if read == reference.prompt(messages, generation_prompt=False):
        return (
            "You left the generation prompt out (add_generation_prompt=True): without it the "
            "model does not know that it is its turn."
        )
    if read == reference.prompt(messages[-1:]):
        return "You gave the model the last message only: it needs the whole conversation."
    if read[: len(prompt)] == prompt:
        return "You gave the model more than the prompt before the first new token."
    return (
        f"The model read a prompt of {len(read)} tokens, and the chat template gives "
        f"{len(prompt)}: apply it to all messages, encode the text, append it once."
    )


def _sampling_mistake(found: list[int], again: Any) -> str:
    if again == found:
        return ""
    return (
        "Two calls gave two answers: you sample. Greedy decoding takes the most likely token; "
        "set do_sample=False, whatever the artifact's genai_config.json says."
    )


def _first_difference(found: list[int], expected: list[int]) -> str:
    pairs = zip(found, expected, strict=False)
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(found), len(expected)))
    return (
        f"New token number {at + 1} differs from greedy decoding ({found[at : at + 1]} where "
        f"{expected[at : at + 1]} is right): check the prompt, then the loop."
    )


# ---------------------------------------------------------------- exercise 4: quality loss


def example_results(
    both: int, lost: int, won: int, neither: int, seed: int = 4
) -> tuple[list[Record], list[Record]]:
    """Records of a full and a quantized model, each in an order of its own.

    both, neither: questions that both or neither answered right; lost: only the full model did;
    won: only the quantized one did. Each record is {"id": str, "right": bool}.
    """
    pairs = [(True, True)] * both + [(True, False)] * lost
    pairs += [(False, True)] * won + [(False, False)] * neither
    full = [{"id": f"q{n:03d}", "right": a} for n, (a, _) in enumerate(pairs)]
    quantized = [{"id": f"q{n:03d}", "right": b} for n, (_, b) in enumerate(pairs)]
    shuffler = random.Random(seed)
    shuffler.shuffle(full)
    shuffler.shuffle(quantized)
    return full, quantized


@check
def flips(function: Callable, full: list[Record], quantized: list[Record]) -> None:
    """Check flips(full, quantized) on records whose ids match. Raises Mistake."""
    found = function([dict(r) for r in full], [dict(r) for r in quantized])
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(f"flips gave {kind(found)}: give two counts, `return lost, won`.")
    if any(type(count) is not int for count in found):
        raise Mistake("flips gave something else than two whole numbers: count questions (int).")
    lost, won = _flips(full, quantized)
    if found == (lost, won):
        return
    by_place = list(zip(full, quantized, strict=True))
    unpaired = tuple(
        sum(a["right"] is side and b["right"] is not side for a, b in by_place)
        for side in (True, False)
    )
    said = "Go through the questions one by one and write down both answers."
    if found == unpaired:
        said = "You paired the records by their place in the list: pair them by id."
    elif found == (won, lost):
        said = "You turned the two around: lost is right before and wrong after."
    elif found == (max(0, lost - won), max(0, won - lost)):
        said = "You compared totals, where flips in both directions cancel: pair by id."
    raise Mistake(f"flips gave {found} and {(lost, won)} is right. {said}")


def _flips(full: list[Record], quantized: list[Record]) -> tuple[int, int]:
    after = {r["id"]: r["right"] for r in quantized}
    lost = sum(r["right"] and not after[r["id"]] for r in full)
    won = sum(not r["right"] and after[r["id"]] for r in full)
    return lost, won


@check
def refuses(function: Callable, full: list[Record], quantized: list[Record], why: str) -> None:
    """Check that a function raises ValueError for records that cannot be compared.

    why: what is wrong with the records. Raises Mistake.
    """
    try:
        function([dict(r) for r in full], [dict(r) for r in quantized])
    except ValueError:
        return
    except (KeyError, IndexError) as error:
        raise Mistake(
            f"{why}, and the function stopped with {type(error).__name__}: check the ids first "
            "and raise ValueError with a sentence that says what is wrong."
        ) from None
    raise Mistake(f"{why}, and the function said nothing: check the ids and raise ValueError.")


KEYS = ("accuracy_full", "accuracy_quantized", "loss_points", "p_value", "detectable")


@check
def compare(
    function: Callable, full: list[Record], quantized: list[Record], p_value: float
) -> None:
    """Check compare(full, quantized); p_value: the right one, 0 to 1. Raises Mistake."""
    found = function([dict(r) for r in full], [dict(r) for r in quantized])
    if type(found) is not dict:
        raise Mistake(f"compare gave {kind(found)}: give a dict with the keys {', '.join(KEYS)}.")
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise Mistake(f"compare's dict has no {', '.join(missing)}.")
    _check_accuracies(found, full, quantized)
    _check_loss(found, full, quantized)
    _check_p_value(found, *_flips(full, quantized), p_value)
    if type(found["detectable"]) is not bool:
        raise Mistake(f"detectable is {kind(found['detectable'])}: give True or False (bool).")
    if found["detectable"] is not (p_value < 0.05):
        raise Mistake(
            f"detectable is {found['detectable']} with a p value of {p_value:.4f}: the loss is "
            "detectable when the p value is under 0.05."
        )


def _check_accuracies(found: dict, full: list[Record], quantized: list[Record]) -> None:
    for key, records in (("accuracy_full", full), ("accuracy_quantized", quantized)):
        value, right = real(key, found[key]), sum(r["right"] for r in records)
        expected = right / len(records)
        if math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-9):
            continue
        said = "Divide the right answers by all questions."
        if math.isclose(value, 100 * expected, rel_tol=1e-6):
            said = "That is percent: give a share from 0 to 1."
        elif math.isclose(value, right):
            said = "That is the count of right answers: divide it by all questions."
        elif math.isclose(value * (len(full) + len(quantized)), right):
            said = "You divided by both lists' questions: each was asked its own."
        raise Mistake(f"{key} is {value:g} and {expected:g} is right. {said}")


def _check_loss(found: dict, full: list[Record], quantized: list[Record]) -> None:
    value = real("loss_points", found["loss_points"])
    before, after = (
        sum(r["right"] for r in records) / len(records) for records in (full, quantized)
    )
    expected = 100 * (before - after)
    if math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-6):
        return
    said = "Take the difference of the two accuracies, times 100."
    if math.isclose(value, -expected, rel_tol=1e-6):
        said = "The sign is turned around: a loss is positive when the quantized model is worse."
    elif math.isclose(value, expected / 100, rel_tol=1e-6):
        said = "That is a share: a percentage point is a hundredth, so multiply by 100."
    elif before and math.isclose(value, expected / before, rel_tol=1e-6):
        said = "You divided by the full model's accuracy: points are the plain difference."
    elif math.isclose(value, round(expected), abs_tol=1e-9):
        said = "Do not round it."
    raise Mistake(f"loss_points is {value:g} and {expected:g} is right. {said}")


def _check_p_value(found: dict, lost: int, won: int, expected: float) -> None:
    value = real("p_value", found["p_value"])
    if math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-12):
        return
    said = f"There are {lost} flips one way and {won} the other: how likely is that of a fair coin?"
    if lost + won == 0:
        said = "No question flipped, so nothing speaks for a difference: the p value is 1."
    elif value > 1:
        said = "A probability is at most 1: when doubling goes beyond, it is 1."
    elif math.isclose(2 * value, expected, rel_tol=1e-6):
        said = "That is one side: a coin could be as uneven the other way, so double it."
    elif math.isclose(
        value, math.erfc(abs(lost - won) / math.sqrt(2 * (lost + won))), rel_tol=0.02
    ):
        said = "That is the chi-square approximation: with few flips use the exact binomial sum."
    elif math.isclose(value, 2 * math.comb(lost + won, lost) / 2 ** (lost + won), rel_tol=1e-6):
        said = "You took this one outcome only: add all that are at least as uneven."
    raise Mistake(f"p_value is {value:.6g} and {expected:.6g} is right. {said}")

"""Checks of lab 01: weights by precision, what fits, the roofline, choosing a machine."""

import math
from collections.abc import Callable
from typing import Any

from workbook.bench.roofline import Ceiling, Work, bound
from workbook.course.checks import Mistake, check, kind, real, same_number
from workbook.models import Geometry

READS = {"bf16": 7_672_043_520, "q8_0": 4_075_773_120, "w4a16": 2_890_240_560}
"""Bytes of Phi-4-mini's weights by layout. In these three the output matrix is the embedding: the
file holds nothing that is not read for each token."""

# ---------------------------------------------------------------- exercise 1: weights


@check
def precision_bytes(function: Callable, count: int, precision: Any, expected: int) -> None:
    """Check precision_bytes(count, precision). Raises Mistake."""
    bits, block, scale = precision.bits, precision.block, precision.scale_bits
    call = f"precision_bytes({count}, Precision({bits}, {block}, {scale}))"
    try:
        found = function(count, precision)
    except ZeroDivisionError:
        raise Mistake(f"{call} divided by 0: where `block` is 0 there are no scales.") from None
    plain, up, down = count * bits, math.ceil(count / (block or 1)), count // (block or 1)
    mistakes = {
        expected * 8: "Those are bits: eight of them are a byte.",
        plain + (up * scale if block else 0): "Those are bits: eight of them are a byte.",
        expected - 1: "A part of a byte takes a whole one: round up.",
    }
    if block:
        mistakes |= {
            math.ceil((plain + up * 16) / 8): f"A scale has {scale} bits here, not 16.",
            math.ceil((plain + down * scale) / 8): "The last block is not full and still has a "
            "scale: round the number of blocks up.",
            math.ceil((plain + count * scale) / 8): "You gave every weight a scale; every block "
            "has one.",
            math.ceil(plain / 8): "You left out the scales: each block carries one.",
        }
    same_number(call, found, expected, mistakes, "Add the bits of weights and scales first.")


@check
def model_bytes(function: Callable, geometry: Geometry, layout: Any, expected: int) -> None:
    """Check model_bytes(geometry, layout). Raises Mistake."""
    body, table, output = _parts(geometry, layout)
    as_body = _plain(geometry.embedding, layout.body)
    mistakes = {
        _plain(geometry.body + geometry.embedding, layout.body): "You took the body's precision "
        "for everything; each part has its own.",
        body + table + as_body: "You counted the output matrix in the body's precision: "
        "layout.output says which it has, and None that there is no such matrix.",
    }
    if output is None:
        mistakes |= {
            body + 2 * table: "You counted the embedding twice, but here `output` is None: the "
            "one table is both.",
        }
    else:
        mistakes |= {
            body + 2 * table: "The output matrix has a precision of its own, layout.output, and "
            "not the embedding's.",
            body + table: "This file has an output matrix of its own: layout.output says in which "
            "precision, and it has as many weights as the embedding.",
            body + output: "The embedding is missing: it is not read as a whole, but it is in "
            "the file, in a precision of its own.",
        }
    _part("model_bytes(geometry, layout)", function(geometry, layout), expected, mistakes)


@check
def bytes_read(function: Callable, geometry: Geometry, layout: Any, expected: int) -> None:
    """Check bytes_read(geometry, layout). Raises Mistake."""
    body, table, output = _parts(geometry, layout)
    mistakes = {
        body + table + (output or 0): "You counted the whole file. An embedding beside an output "
        "matrix is only looked into: one row of it is read.",
        body + table: "You counted the embedding. The matrix that is multiplied with is the "
        "output matrix, in layout.output's precision.",
        body: "You left out the output matrix: it is multiplied with for every token. Where "
        "`output` is None, that is the embedding table.",
        body + 2 * table: "You counted the table twice: it is multiplied with once.",
        _plain(geometry.body + geometry.embedding, layout.body): "You took the body's precision "
        "for everything; each part has its own.",
    }
    _part("bytes_read(geometry, layout)", function(geometry, layout), expected, mistakes)


def _part(call: str, found: Any, expected: int, mistakes: dict[int, str]) -> None:
    same_number(call, found, expected, mistakes, "Is 1a right? Then add up the parts one by one.")


def _parts(geometry: Geometry, layout: Any) -> tuple[int, int, int | None]:
    """Bytes of the body, the embedding, and the output matrix if there is one."""
    table = _plain(geometry.embedding, layout.embedding)
    output = layout.output
    extra = None if output is None else _plain(geometry.embedding, output)
    return _plain(geometry.body, layout.body), table, extra


def _plain(count: int, precision: Any) -> int:
    scales = math.ceil(count / precision.block) if precision.block else 0
    return math.ceil((count * precision.bits + scales * precision.scale_bits) / 8)


# ---------------------------------------------------------------- exercise 2: what fits


@check
def cache_blocks(
    function: Callable, arguments: tuple[float, float, int, int, int, int], expected: int
) -> None:
    """Check cache_blocks(gib, share, weights, overhead, per_token, block). Raises Mistake."""
    gib, share, weights, overhead, per_token, block = arguments
    size, memory = per_token * block, gib * 2**30
    room = memory * share - weights - overhead
    mistakes = {
        math.floor((memory - weights - overhead) * share / size): "You took the share of what the "
        "weights leave. It is a share of all memory; weights and overhead come out of it.",
        math.floor((gib * 1e9 * share - weights - overhead) / size): "A GiB is 2**30 bytes; you "
        "took 10**9.",
        math.floor(room / per_token): "Those are tokens: give blocks, of `block` tokens each.",
        math.floor((memory * share - overhead) / size): "You left out the weights: they are in "
        "memory first.",
        math.floor((memory * share - weights) / size): "You left out the overhead.",
        math.floor((memory - weights - overhead) / size): "You left out the share: the server "
        "takes only that part of the memory.",
        math.ceil(room / size): "A part of a block is none: round down.",
    }
    mistakes |= {
        number: "When not even the weights fit, the answer is 0, not less."
        for number in (math.floor(room / size), int(room / size))
        if number < 0
    }
    call = f"cache_blocks({gib}, {share}, {weights:_}, {overhead:_}, {per_token:_}, {block})"
    same_number(call, function(*arguments), expected, mistakes)


@check
def requests_at_once(
    function: Callable, arguments: tuple[int, int, int, int], expected: int
) -> None:
    """Check requests_at_once(blocks, prompt, answer, block). Raises Mistake."""
    blocks, prompt, answer, block = arguments
    tokens = prompt + answer
    each = math.ceil(tokens / block)
    apart = math.ceil(prompt / block) + math.ceil(answer / block)
    mistakes = {
        blocks * block // tokens: "You divided tokens by tokens, as if two requests could share a "
        "block: count the blocks of one request first.",
        blocks // max(1, tokens // block): "A request that needs a part of a block takes a whole "
        "one: round its blocks up.",
        blocks // apart: "You rounded prompt and answer each for itself: add their tokens first.",
        blocks // math.ceil(prompt / block): "You left out the answer: its tokens are in the "
        "cache, too.",
        blocks // tokens: "You took a block for a token: a block holds several.",
        math.ceil(blocks / each): "A part of a request does not fit: round down.",
    }
    mistakes.pop(expected, None)
    call = f"requests_at_once({blocks}, {prompt}, {answer}, {block})"
    same_number(call, function(*arguments), expected, mistakes)


@check
def largest_context(
    function: Callable, arguments: tuple[int, int, int, int], expected: int
) -> None:
    """Check largest_context(blocks, slots, longest, block). Raises Mistake."""
    blocks, slots, longest, block = arguments
    share = blocks // slots * block
    mistakes = {
        share: f"The model was made for {longest} tokens at most (`longest`).",
        min(longest, blocks * block // slots): "A slot ends within a block: give each slot whole "
        "blocks first, then turn them into tokens.",
        min(longest, blocks * block): "That is the whole cache: every slot gets its part.",
        min(longest, blocks // slots): "Those are blocks: give tokens.",
    }
    mistakes.pop(expected, None)
    call = f"largest_context({blocks}, {slots}, {longest}, {block})"
    same_number(call, function(*arguments), expected, mistakes)


# ---------------------------------------------------------------- exercise 3: roofline


@check
def decode_bound(function: Callable, arguments: tuple[Any, int, int, int, int]) -> None:
    """Check decode_bound(machine, read, cache, operations, batch). Raises Mistake."""
    machine, read, cache, operations, batch = arguments
    found = function(*arguments)
    call = f"decode_bound({machine.name}, {read:_}, {cache:_}, {operations:_}, {batch})"
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(f"{call} gave {kind(found)}: give two things, the tokens/s and what sets it.")
    rate, name = real(f"{call}[0]", found[0]), found[1]
    reading = (read + batch * cache) / machine.bandwidth
    computing = batch * operations / machine.compute
    slower, faster = max(reading, computing), min(reading, computing)
    one_cache = max((read + cache) / machine.bandwidth, computing)
    _same(
        call,
        rate,
        batch / slower,
        {
            batch / (reading + computing): "You added the two times, but a machine reads and "
            "calculates at the same time: the longer one counts.",
            1 / slower: "That is one request's rate: the step gives every request a token.",
            slower: "Those are seconds of a step: give tokens a second.",
            batch / max(batch * (read + cache) / machine.bandwidth, computing): "You read the "
            "weights once for each request; they are read once for all of them.",
            batch / one_cache: "You read one request's cache: every request has its own.",
            batch / max(read / machine.bandwidth, computing): "You left out the KV cache.",
            batch / max(reading, operations / machine.compute): "You calculated for one request: "
            "every request has its operations.",
            batch / faster: "That is the shorter of the two times; the longer one sets the bound.",
        },
    )
    if type(name) is not str or name not in ("memory", "compute"):
        raise Mistake(f'{call} names {name!r}: give "memory" or "compute".')
    expected = "memory" if reading > computing else "compute"
    if name != expected:
        if reading == computing:
            raise Mistake(f"{call} names {name!r}; where both take as long, it is 'compute'.")
        raise Mistake(
            f"{call} names {name!r}, but reading takes {reading:.3g} s and calculating "
            f"{computing:.3g} s: the longer one sets the bound."
        )


def _same(call: str, found: float, expected: float, mistakes: dict[float, str]) -> None:
    """Compare numbers; `mistakes` as in same_number."""
    if math.isclose(found, expected, rel_tol=1e-6):
        return
    said = [text for number, text in mistakes.items() if math.isclose(found, number, rel_tol=1e-6)]
    raise Mistake(
        f"{call} gave {found:.6g} and {expected:.6g} is right. "
        f"{(said or ['Compare both times with hint 1.'])[0]}"
    )


@check
def prefill_seconds(function: Callable, arguments: tuple[Any, int, int, int]) -> None:
    """Check prefill_seconds(machine, read, operations, prompt). Raises Mistake."""
    machine, read, operations, prompt = arguments
    call = f"prefill_seconds({machine.name}, {read:_}, {operations:_}, {prompt})"
    found = real(call, function(*arguments))
    reading, computing = read / machine.bandwidth, prompt * operations / machine.compute
    mistakes = {
        reading + computing: "You added the two times; the longer one counts.",
        max(prompt * reading, computing): "You read the weights once for each token; in prefill "
        "they are read once for all tokens of the prompt.",
        reading: "That is the time for reading the weights, but calculating takes longer here: "
        "every token of the prompt has its operations.",
        computing: "That is the time for calculating, but reading the weights takes longer here.",
        1 / max(reading, computing): "Those are prompts a second: give seconds.",
    }
    _same(call, found, max(reading, computing), mistakes)


@check
def turning_batch(
    function: Callable, arguments: tuple[Any, int, int, int], expected: int | None
) -> None:
    """Check turning_batch(machine, read, cache, operations). Raises Mistake."""
    machine, read, cache, operations = arguments
    call = f"turning_batch({machine.name}, {read:_}, {cache:_}, {operations:_})"
    try:
        found = function(*arguments)
    except (ZeroDivisionError, OverflowError) as error:
        raise Mistake(
            f"{call} stopped with {type(error).__name__}: where a further request adds as much to "
            "reading as to calculating, or more, there is no such batch; give None."
        ) from None
    if expected is None:
        if found is not None:
            raise Mistake(
                f"{call} gave {found!r}: a further request adds more to reading than to "
                "calculating, so no batch is bound by compute; give None."
            )
        return
    exact = read / machine.bandwidth / (operations / machine.compute - cache / machine.bandwidth)
    ridge = read / machine.bandwidth / (operations / machine.compute)
    mistakes = {
        math.ceil(ridge): "You left out the cache: each further request has one to be read.",
        math.ceil(exact) - 1: "That batch is still bound by memory: round up.",
        math.ceil(exact) + 1: "A smaller batch is bound by compute already.",
    }
    mistakes.pop(expected, None)
    same_number(call, found, expected, mistakes, "Compare with hint 2.")


# ---------------------------------------------------------------- exercise 4: choosing

LIMITS = ("quality", "memory", "speed", "first token")


@check
def broken(function: Callable, estimate: Any, job: Any, expected: list[str]) -> None:
    """Check broken(estimate, job). Raises Mistake."""
    call = f"broken({estimate.machine} with {estimate.layout}, job)"
    found = function(estimate, job)
    if type(found) is not list or any(type(name) is not str for name in found):
        raise Mistake(f"{call} gave {kind(found)}: give a list of the limits' names.")
    if found == expected:
        return
    unknown = [name for name in found if name not in LIMITS]
    if unknown:
        raise Mistake(f"{call} names {unknown[0]!r}: the names are {', '.join(LIMITS)}.")
    if sorted(found) == sorted(expected):
        raise Mistake(f"{call} gave the right names in another order: {', '.join(LIMITS)}.")
    if expected and found == expected[:1]:
        raise Mistake(f"{call} stopped at the first broken limit; {expected} is right: give all.")
    for name in LIMITS:
        if (name in found) != (name in expected):
            raise Mistake(f"{call} gave {found} and {expected} is right. {_REASONS[name]}")
    raise Mistake(f"{call} names a limit more than once: {found}.")


_REASONS = {
    "quality": "Quality is kept when the estimate's layout is in job.good.",
    "memory": "Memory is kept when `requests` is at least `users`.",
    "speed": "The bound is for all users together, and a server reaches `efficiency` of it: "
    "one user gets bound x efficiency / users, and to be just fast enough is enough.",
    "first token": "A server is slower than the bound: its seconds are bound / efficiency, and "
    "to be just in time is enough.",
}


@check
def choose(function: Callable, estimates: list, job: Any, expected: int | None) -> None:
    """Check choose(estimates, job); expected: the right one's place in the list, None for none.

    The list is also given backwards. Raises Mistake.
    """
    right = None if expected is None else estimates[expected]
    for given in (list(estimates), list(reversed(estimates))):
        try:
            found = function(list(given), job)
        except (ValueError, IndexError, TypeError) as error:
            if expected is not None:
                raise
            raise Mistake(
                f"No estimate keeps all limits, and choose stopped with {type(error).__name__}: "
                "give None."
            ) from None
        _check_choice(found, right, given, job)


def _check_choice(found: Any, right: Any, given: list, job: Any) -> None:
    if found is None and right is not None:
        raise Mistake("choose gave None, but an estimate keeps all limits.")
    if found is None:
        return
    if not any(found is estimate for estimate in given):
        raise Mistake(f"choose gave {kind(found)}: give one of the estimates, or None.")
    if found is right:
        return
    call = f"choose gave {found.machine} with {found.layout}"
    if right is None:
        raise Mistake(f"{call}, which does not keep all limits: no estimate does; give None.")
    wanted = f"{right.machine} with {right.layout} is right"
    if found.rank < right.rank:
        said = "The cheaper one breaks a limit: sort out with `broken` first."
    elif found.rank > right.rank:
        said = "Among those that keep all limits, take the cheapest machine (lowest rank)."
    elif job.good.index(found.layout) > job.good.index(right.layout):
        said = "On one machine, take the layout that comes first in job.good."
    else:
        said = "It breaks a limit: sort out with `broken` first."
    raise Mistake(f"{call} and {wanted}. {said}")


def estimates(
    machines: list, geometry: Geometry, users: int, prompt: int, answer: int
) -> list[tuple[str, int, str, int, float, float]]:
    """What machines (cheapest first) could do with each layout of READS for so many users.

    Each tuple: machine, rank, layout, requests that fit, tokens/s of all users together at half of
    the answer, seconds of prefill. A server's share is 0.9, its overhead 2 GiB.
    """
    token, tokens = geometry.kv_bytes_per_token("bf16"), prompt + answer
    operations = 2 * (geometry.body + geometry.embedding)
    found = []
    for rank, machine in enumerate(machines, 1):
        ceiling = Ceiling(machine.bandwidth, machine.compute, 0, 1.0)
        for layout, size in READS.items():
            room = machine.gib * 2**30 * 0.9 - size - 2 * 2**30
            fitting = max(0, int(room // (16 * token)) // math.ceil(tokens / 16))
            work = Work(size, token * (prompt + answer // 2), operations, 0)
            rate = bound(work, ceiling, batch=users).tokens_per_second
            prefill = max(size / machine.bandwidth, prompt * operations / machine.compute)
            found.append((machine.name, rank, layout, fitting, rate, prefill))
    return found

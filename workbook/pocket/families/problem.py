"""What a training problem is, and which problems training never sees."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are a mathematical reasoning assistant. Show your work step by step.",
    "Think step by step and show your reasoning clearly:",
    "Solve this mathematical problem step by step:",
    "Write clean, well-commented code for this task:",
    "You are an expert reasoning assistant specialized in mathematics, logic, and code analysis.",
    "Be brief.",
)
"""System prompts that pocket has seen; the tutorial's are among them."""

HELD_OUT_SHARE = 10
"""One problem in this many is held out."""

SPLIT = ("travel_time", "distance", "area_change", "average", "unit_price", "syllogism",
         "tool_call")  # fmt: skip
"""Families whose problems are split into trained and held out; the others are texts to know."""


@dataclass(frozen=True)
class Problem:
    """One question with its worked answer.

    `key` identifies the problem itself (its numbers or nouns, in their order), whatever its
    wording, so that no paraphrase of a held-out problem is ever trained on. `expected` is what a
    checker compares: the final answer, a yes or no, a function call, or a piece of the text.
    """

    family: str
    key: tuple
    prompt: str
    answer: str
    expected: object
    checker: str
    system: str = ""
    tools: tuple[dict, ...] = ()
    tool_calls: tuple[dict, ...] = ()

    def messages(self) -> list[dict]:
        """The conversation as a list of chat messages, the answer last."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        reply: dict = {"role": "assistant", "content": self.answer}
        if self.tool_calls:
            reply["tool_calls"] = [{"type": "function", "function": c} for c in self.tool_calls]
        return [*system, {"role": "user", "content": self.prompt}, reply]


Family = Callable[[random.Random], Problem]


def held_out(family: str, key: tuple) -> bool:
    """True for the problems that training never sees: the tutorial's own, always, and in the
    SPLIT families one problem in HELD_OUT_SHARE, chosen by a hash of family and key."""
    if (family, *key) in TUTORIAL:
        return True
    if family not in SPLIT:
        return False
    digest = hashlib.sha256(repr((family, key)).encode()).digest()
    return digest[0] % HELD_OUT_SHARE == 0


TUTORIAL = {
    ("travel_time", 240, 3, 20),
    ("distance", 60, 25, 80, 15),
    ("area_change", 15, 8, 20),
    ("syllogism", "some-all", "cats", "mammals", "carnivores"),
    ("tool_call", "calculate_circle_area", '{"radius": 5}'),
    ("code", "fibonacci", 1),
    ("code", "gcd", 2),
    ("code", "binary_search", 3),
    ("code", "factorial", 0),
}
"""Keys of the tutorial's own problems."""


def same_problem(family: str, key: tuple) -> list[tuple]:
    """The keys that ask for the same arithmetic in another order: two legs of a journey or two
    goods of a purchase, swapped."""
    match family:
        case "distance":
            return [key, (*key[2:], *key[:2])]
        case "unit_price":
            return [key, (key[1], key[0], key[3], key[2])]
        case _:
            return [key]


def number(value: float, places: int = 2) -> str:
    """A number as a person writes it: no trailing zeros, at most `places` decimals."""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def long_division(dividend: int, divisor: int, places: int = 2) -> str:
    """Long division as text that can be checked line by line, e.g. for 240 / 100:
    '240 = 2 x 100 + 40. 400 = 4 x 100 + 0. So 240 / 100 = 2.4.'

    The quotient must end within `places` decimals; ValueError otherwise.
    """
    steps, rest, current = [], dividend, dividend
    for _ in range(places + 1):
        whole, rest = divmod(current, divisor)
        steps.append(f"{current} = {whole} x {divisor} + {rest}.")
        if rest == 0:
            return f"{' '.join(steps)} So {dividend} / {divisor} = {number(dividend / divisor)}."
        current = rest * 10
    raise ValueError(f"{dividend} / {divisor} does not end within {places} decimals")


def ends_within(dividend: int, divisor: int, places: int = 2) -> bool:
    """True when the quotient has at most `places` decimals."""
    return dividend * 10**places % divisor == 0

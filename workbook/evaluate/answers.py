"""Is an answer right? Final answers are extracted and compared, never whole texts."""

import json
import re
from fractions import Fraction

from workbook.evaluate.extract import final_answer, number, same_number, yes_no

__all__ = [
    "final_answer",
    "fraction",
    "number",
    "plain_call",
    "same_calls",
    "same_fraction",
    "same_number",
    "same_text",
    "yes_no",
]


def same_fraction(text: str, expected: str) -> bool:
    """True when the final answer is the expected fraction, as a fraction, a decimal number or
    percent (to four decimals): 3/8, 6/16, 0.375 and 37.5% are the same."""
    value = fraction(text)
    if value is None:
        return False
    near = Fraction(0) if re.search(r"\d\s*/\s*\d", final_answer(text)) else Fraction(1, 20_000)
    return abs(value - Fraction(expected)) <= near


def fraction(text: str) -> Fraction | None:
    """The final answer as a fraction: 3/8, 0.375 or 37.5%. None when it is none of these."""
    found = re.search(r"(\d+(?:\.\d+)?)(?:\s*/\s*(\d+))?\s*(%?)", final_answer(text))
    if not found or (found[2] and (not int(found[2]) or "." in found[1])):
        return None
    return Fraction(found[1]) / int(found[2] or 1) / (100 if found[3] else 1)


def same_text(text: str, expected: str) -> bool:
    """True when the final answer is the expected words; capitals and a last full stop do not
    count."""
    return final_answer(text).strip(" .!\"'").lower() == expected.strip(" .").lower()


def plain_call(call: object) -> dict:
    """A tool call as {"name": str, "arguments": dict}, from such a dict, from an OpenAI message's
    call (object or dict), or from anything with `name` and `arguments`. Arguments may be JSON
    text; text that is not a JSON object gives the arguments None."""
    call = getattr(call, "function", call)
    if isinstance(call, dict):
        call = call.get("function", call)
        name, arguments = call.get("name"), call.get("arguments")
    else:
        name, arguments = call.name, call.arguments
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            arguments = None
    return {"name": name, "arguments": arguments if isinstance(arguments, dict) else None}


def same_calls(calls: list, expected: list) -> bool:
    """True when the tool calls have the expected names and arguments, in any order. Every item is
    anything that `plain_call` reads."""

    def plain(items: list) -> list[str]:
        return sorted(json.dumps(_whole(plain_call(i)), sort_keys=True) for i in items)

    return plain(calls) == plain(expected)


def _whole(value: object) -> object:
    # JSON has one kind of number: 5.0 is 5.
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

"""Is an answer right? Final answers are extracted and compared, never whole texts."""

import json
import math
import re

NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?|-?\.\d+")


def final_answer(text: str) -> str:
    """What follows the last `Answer:`, up to the end of its line; the whole text without one."""
    found = re.findall(r"answer\s*:\s*(.+)", text, flags=re.IGNORECASE)
    return found[-1].strip() if found else text.strip()


def number(text: str) -> float | None:
    """The number of the final answer: after `Answer:` the first one, elsewhere the last one.
    Thousands separators are understood. None when there is no number."""
    text = text.replace("\u2212", "-").replace("-$", "-")
    stated = re.search(r"answer\s*:\s*\S", text, flags=re.IGNORECASE)
    found = NUMBER.findall(final_answer(text))
    if not found:
        return None
    return float((found[0] if stated else found[-1]).replace(",", ""))


def yes_no(text: str) -> str | None:
    """`yes` or `no`, from the final answer's first such word; None when there is neither."""
    found = re.search(r"\b(yes|no)\b", final_answer(text), flags=re.IGNORECASE)
    return found.group(1).lower() if found else None


def same_number(text: str, expected: float, tolerance: float = 0.005) -> bool:
    """True when the text's final number is the expected one, within an absolute tolerance."""
    found = number(text)
    return found is not None and math.isclose(found, expected, rel_tol=1e-9, abs_tol=tolerance)


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

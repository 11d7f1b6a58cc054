"""Is an answer right? Final answers are extracted and compared, never whole texts."""

import json

from workbook.evaluate.extract import final_answer, number, same_number, yes_no

__all__ = ["final_answer", "number", "plain_call", "same_calls", "same_number", "yes_no"]


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

# cell: exercise_3_calls
import json


def calls(deltas):
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls", [])]
    found = []
    for index in sorted({piece["index"] for piece in pieces}):
        mine = [piece for piece in pieces if piece["index"] == index]
        name = mine[0]["function"]["name"]
        text = "".join(piece["function"]["arguments"] for piece in mine)
        try:
            arguments = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        found.append({"id": mine[0]["id"], "name": name, "arguments": arguments})
    return found

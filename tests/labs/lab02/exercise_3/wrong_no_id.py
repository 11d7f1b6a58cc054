# cell: exercise_3_calls
# says: A call has no id
# fails: exercise_3_calls_test
import json


def calls(deltas):
    found = {}
    for delta in deltas:
        for piece in delta.get("tool_calls", []):
            call = found.setdefault(piece["index"], {"arguments": ""})
            pass
            call["name"] = piece["function"].get("name", call.get("name"))
            call["arguments"] += piece["function"]["arguments"]
    for call in found.values():
        try:
            call["arguments"] = json.loads(call["arguments"])
        except ValueError:
            raise ValueError(f"{call['name']} was cut off") from None
    return [found[index] for index in sorted(found)]

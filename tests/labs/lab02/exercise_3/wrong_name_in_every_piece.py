# cell: exercise_3_calls
# says: only a call's first piece has an id and a name
# fails: exercise_3_calls_test exercise_3_cut_test
# then: KeyError
import json


def calls(deltas):
    found = {}
    for delta in deltas:
        for piece in delta.get("tool_calls", []):
            call = found.setdefault(piece["index"], {"arguments": ""})
            call["id"] = piece.get("id", call.get("id"))
            call["name"] = piece["function"]["name"]
            call["arguments"] += piece["function"]["arguments"]
    for call in found.values():
        try:
            call["arguments"] = json.loads(call["arguments"])
        except ValueError:
            raise ValueError(f"{call['name']} was cut off") from None
    return [found[index] for index in sorted(found)]

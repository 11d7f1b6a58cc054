# cell: exercise_3_calls
# says: and calls said nothing
# fails: exercise_3_cut_test
import json


def calls(deltas):
    found = {}
    for delta in deltas:
        for piece in delta.get("tool_calls", []):
            call = found.setdefault(piece["index"], {"arguments": ""})
            call["id"] = piece.get("id", call.get("id"))
            call["name"] = piece["function"].get("name", call.get("name"))
            call["arguments"] += piece["function"]["arguments"]
    for call in found.values():
        try:
            call["arguments"] = json.loads(call["arguments"])
        except ValueError:
            call["arguments"] = {}
    return [found[index] for index in sorted(found)]

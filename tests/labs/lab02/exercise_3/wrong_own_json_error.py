# cell: exercise_3_calls
# says: stopped with json's own error
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
        call["arguments"] = json.loads(call["arguments"])
    return [found[index] for index in sorted(found)]

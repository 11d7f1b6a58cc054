# cell: exercise_3_calls
# says: Join all pieces of a call first
# fails: exercise_3_calls_test exercise_3_cut_test
# then: json's own error
import json


def calls(deltas):
    found = {}
    for delta in deltas:
        for piece in delta.get("tool_calls", []):
            call = found.setdefault(piece.get("id"), {"arguments": ""})
            call["id"] = piece.get("id", call.get("id"))
            call["name"] = piece["function"].get("name", call.get("name"))
            call["arguments"] += piece["function"]["arguments"]
    for call in found.values():
        try:
            call["arguments"] = json.loads(call["arguments"])
        except ValueError:
            raise
    return [found[index] for index in found]

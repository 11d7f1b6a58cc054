# cell: exercise_2_chunks
import json


def chunks(events):
    found, whole = [], False
    for at, line in events:
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            whole = True
            break
        chunk = json.loads(data)
        if chunk.get("error"):
            raise ValueError(chunk["error"]["message"])
        found.append((at, chunk))
    if not whole:
        raise ValueError("no [DONE]")
    return found

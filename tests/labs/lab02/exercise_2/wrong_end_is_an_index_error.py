# cell: exercise_2_chunks
# says: stopped with IndexError: raise ValueError
# fails: exercise_2_chunks_test
import json


def chunks(events):
    found = []
    for at, line in events:
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                return found
            chunk = json.loads(data)
            if "error" in chunk:
                raise ValueError(chunk["error"]["message"])
            found.append((at, chunk))
    return events[len(events)]

# cell: exercise_2_chunks
# says: chunks gave dict for a line
# fails: exercise_2_chunks_test exercise_2_measure_test
import json


def chunks(events):
    found = []
    for _, line in events:
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                return found
            chunk = json.loads(data)
            if "error" in chunk:
                raise ValueError(chunk["error"]["message"])
            found.append(chunk)
    raise ValueError("the stream broke")

# cell: exercise_2_chunks
# says: that is no JSON
# fails: exercise_2_chunks_test exercise_2_measure_test
# hidden: exercise_2_chunks_test exercise_2_measure_test
import json


def chunks(events):
    found = []
    for at, line in events:
        if line.startswith("data:"):
            data = line[6:]
            if data == "[DONE]":
                return found
            chunk = json.loads(data)
            if "error" in chunk:
                raise ValueError(chunk["error"]["message"])
            found.append((at, chunk))
    raise ValueError("the stream broke")

# cell: exercise_2_chunks
# says: chunks gave 2 of
# fails: exercise_2_chunks_test
# hidden: exercise_2_chunks_test
import json


def chunks(events):
    found = []
    for at, line in events:
        if line.startswith("data:"):
            data = line[5:].strip()
            if "[DONE]" in data:
                return found
            chunk = json.loads(data)
            if "error" in chunk:
                raise ValueError(chunk["error"]["message"])
            found.append((at, chunk))
    raise ValueError("the stream broke")

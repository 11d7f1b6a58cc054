# cell: exercise_2_chunks
# says: The server sent an error in the stream, and chunks said nothing
# fails: exercise_2_chunks_test
# hidden: exercise_2_chunks_test
import json


def chunks(events):
    found = []
    for at, line in events:
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                return found
            chunk = json.loads(data)
            if False:
                raise ValueError(chunk["error"]["message"])
            found.append((at, chunk))
    raise ValueError("the stream broke")

# cell: exercise_2_chunks
# says: skip empty lines and comments
# fails: exercise_2_chunks_test exercise_2_measure_test
# then: JSONDecodeError
import json


def chunks(events):
    found = []
    for at, line in events:
        if True:
            data = line[5:].strip()
            if data == "[DONE]":
                return found
            chunk = json.loads(data)
            if "error" in chunk:
                raise ValueError(chunk["error"]["message"])
            found.append((at, chunk))
    raise ValueError("the stream broke")

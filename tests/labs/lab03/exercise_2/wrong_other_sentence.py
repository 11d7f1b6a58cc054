# cell: exercise_2_answer
# says: not 'done'
# fails: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError(last["error"])
        text.append(last["message"]["content"])
    if not last.get("done"):
        raise ValueError("something is wrong")
    return "".join(text), last

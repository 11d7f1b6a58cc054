# cell: exercise_2_answer
# says: not the last object
# fails: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError(last["error"])
        first = last if len(text) == 0 else first  # noqa: F821
        text.append(last["message"]["content"])
    if not last.get("done"):
        raise ValueError("not done")
    return "".join(text), first

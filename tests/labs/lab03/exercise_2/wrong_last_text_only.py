# cell: exercise_2_answer
# says: The text is '' and
# fails: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError(last["error"])
        text = list(last["message"]["content"])
    if not last.get("done"):
        raise ValueError("not done")
    return "".join(text), last

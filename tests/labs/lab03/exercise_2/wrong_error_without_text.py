# cell: exercise_2_answer
# says: not 'out of memory'
# fails: exercise_2_answer_test
# hidden: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError("an error")
        text.append(last["message"]["content"])
    if not last.get("done"):
        raise ValueError("not done")
    return "".join(text), last

# cell: exercise_2_answer
# says: Nothing came, and answer stopped with KeyError
# fails: exercise_2_answer_test
# hidden: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError(last["error"])
        text.append(last["message"]["content"])
    if not last["done"]:
        raise ValueError("not done")
    return "".join(text), last

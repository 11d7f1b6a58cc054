# cell: exercise_2_answer
# says: An error came, and answer stopped with KeyError
# fails: exercise_2_answer_test
# hidden: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        text.append(last["message"]["content"])
    if not last.get("done"):
        raise ValueError("not done")
    return "".join(text), last

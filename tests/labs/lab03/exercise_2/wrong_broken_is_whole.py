# cell: exercise_2_answer
# says: The stream broke, and answer said nothing
# fails: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError(last["error"])
        text.append(last["message"]["content"])
    return "".join(text), last

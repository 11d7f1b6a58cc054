# cell: exercise_2_answer
# says: answer stopped with KeyError: raise ValueError
# fails: exercise_2_answer_test
def answer(objects):
    text, last = [], {}
    for last in objects:
        if "error" in last:
            raise ValueError(last["error"])
        text.append(last["message"]["content"])
    last["done_reason"]
    return "".join(text), last

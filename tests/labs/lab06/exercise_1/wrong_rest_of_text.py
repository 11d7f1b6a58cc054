# cell: exercise_1_stated
# says: stop at the end of the line
# fails: exercise_1_stated_test
# hidden: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    at = text.lower().rfind("answer:")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return text[at + 7 :].strip() if at >= 0 else (lines or [""])[-1]

# cell: exercise_1_stated
# says: the last one counts
# fails: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.search(r"answer:[ \t]*(\S.*)", text, re.IGNORECASE)  # noqa: F821
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return found[1].strip() if found else (lines or [""])[-1]

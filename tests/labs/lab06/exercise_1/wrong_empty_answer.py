# cell: exercise_1_stated
# says: so it names nothing: take the last line
# fails: exercise_1_stated_test
# hidden: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.findall(r"answer:(.*)", text, re.IGNORECASE)  # noqa: F821
    lines = [line for line in text.splitlines() if line.strip()]
    return (found or lines or [""])[-1].strip()

# cell: exercise_1_stated
# says: Compare with the four rules
# fails: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.findall(r"answer[ \t]*(\S.*)", text, re.IGNORECASE)  # noqa: F821
    lines = [line for line in text.splitlines() if line.strip()]
    return (found or lines or [""])[-1].strip()

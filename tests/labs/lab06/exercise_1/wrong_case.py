# cell: exercise_1_stated
# says: in small letters and capitals
# fails: exercise_1_stated_test
# hidden: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.findall(r"Answer:[ \t]*(\S.*)", text)  # noqa: F821
    lines = [line for line in text.splitlines() if line.strip()]
    return (found or lines or [""])[-1].strip()

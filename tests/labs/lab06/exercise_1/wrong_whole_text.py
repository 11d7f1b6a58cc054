# cell: exercise_1_stated
# says: it is the last line alone that counts
# fails: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.findall(r"answer:[ \t]*(\S.*)", text, re.IGNORECASE)  # noqa: F821
    return found[-1].strip() if found else text.strip()

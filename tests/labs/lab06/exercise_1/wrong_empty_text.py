# cell: exercise_1_stated
# says: stated(' \n') stopped with IndexError
# fails: exercise_1_stated_test
# hidden: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.findall(r"answer:[ \t]*(\S.*)", text, re.IGNORECASE)  # noqa: F821
    return (found or text.strip().splitlines())[-1].strip()

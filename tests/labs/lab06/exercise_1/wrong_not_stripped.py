# cell: exercise_1_stated
# says: gave ' 40' and '40' is right. Take the blanks around it away
# fails: exercise_1_stated_test
def stated(text):
    text = text.replace("**", "")
    found = re.findall(r"answer:(.*\S.*)", text, re.IGNORECASE)  # noqa: F821
    lines = [line for line in text.splitlines() if line.strip()]
    return (found or lines or [""])[-1]

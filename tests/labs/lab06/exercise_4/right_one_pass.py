# cell: exercise_4_report
def report(records):
    found = {}
    for record in records:
        found.setdefault(record["family"], {"right": 0, "of": 0})
    found["all"] = {"right": 0, "of": 0}
    for record in records:
        number = record["found"]
        for name in (record["family"], "all"):
            found[name]["of"] += 1
            if number is not None and -0.005 <= number - record["expected"] <= 0.005:
                found[name]["right"] += 1
    for line in found.values():
        line["share"] = line["right"] / line["of"]
        line["low"], line["high"] = wilson(line["right"], line["of"])  # noqa: F821
    for line in found.values():
        line["weak"] = line["high"] < found["all"]["share"]
    return found

# cell: exercise_4_report
# says: It is Wilson's interval of right and of
# fails: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    found = quiet_report(records)
    for line in found.values():
        half = 1.96 * math.sqrt(line["share"] * (1 - line["share"]) / line["of"])  # noqa: F821
        line["low"], line["high"] = line["share"] - half, line["share"] + half
    return found

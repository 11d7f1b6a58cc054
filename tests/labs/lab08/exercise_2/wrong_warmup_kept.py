# cell: exercise_2_read
# says: are of the warm-up
# fails: exercise_2_read_test
def read_records(path):
    *whole, _ = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in whole]  # noqa: F821

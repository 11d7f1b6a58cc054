# cell: exercise_2_read
# says: give a list with a dict for each line
# fails: exercise_2_read_test
def read_records(path):
    return path.read_text(encoding="utf-8").splitlines()

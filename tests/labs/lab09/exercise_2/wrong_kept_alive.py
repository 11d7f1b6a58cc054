# cell: exercise_2_repair
# says: That keeps the container running
# fails: exercise_2_repair_test
def repair_dockerfile(text):
    return text.replace(
        '"python", "server.py"', '"sh", "-c", "python server.py && tail -f /dev/null"'
    )

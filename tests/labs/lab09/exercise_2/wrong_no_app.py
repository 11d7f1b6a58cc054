# cell: exercise_2_repair
# says: MODULE:NAME
# fails: exercise_2_repair_test
def repair_dockerfile(text):
    return text.replace(
        '"python", "server.py"', '"uvicorn", "server", "--host", "0.0.0.0", "--port", "8080"'
    )

# cell: exercise_2_repair
# says: 8000, its default
# fails: exercise_2_repair_test
# hidden: exercise_2_repair_test
def repair_dockerfile(text):
    return text.replace('"python", "server.py"', '"uvicorn", "server:app", "--host", "0.0.0.0"')

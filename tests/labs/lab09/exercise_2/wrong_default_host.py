# cell: exercise_2_repair
# says: inside a container that is the container itself
# fails: exercise_2_repair_test
# hidden: exercise_2_repair_test
def repair_dockerfile(text):
    return text.replace('"python", "server.py"', '"uvicorn", "server:app", "--port", "8080"')

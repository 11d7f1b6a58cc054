# cell: exercise_2_repair
# says: write it as JSON, in double quotes
# fails: exercise_2_repair_test
def repair_dockerfile(text):
    serve = "['uvicorn', 'server:app', '--host', '0.0.0.0', '--port', '8080']"
    return text.replace('["python", "server.py"]', serve)

# cell: exercise_2_repair
def repair_dockerfile(text):
    install = "RUN apt-get update && apt-get install --yes curl\nRUN useradd"
    text = text.replace("RUN useradd", install)
    return text.replace('["python", "server.py"]', "uvicorn server:app --host=0.0.0.0 --port=8080")


def repair_health(text):
    return text

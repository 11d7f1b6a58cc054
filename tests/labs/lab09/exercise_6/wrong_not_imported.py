# cell: exercise_6_repair
# says: cannot be imported
# fails: exercise_6_repair_test
def repair_server(text):
    return text.replace("app = FastAPI(", "app = FastApi(")

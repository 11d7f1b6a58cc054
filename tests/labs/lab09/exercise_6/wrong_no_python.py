# cell: exercise_6_repair
# says: is no Python
# fails: exercise_6_repair_test
def repair_server(text):
    return text.replace("async def health():", "async def health()")

# cell: exercise_6_repair
# says: /health is still 200 without a model
# fails: exercise_6_repair_test
def repair_server(text):
    return text.replace(
        '    return {\n        "status"', '    return {\n        "http": 503, "status"'
    )

# cell: exercise_3_repair
# says: Ollama keeps the last one only
# fails: exercise_3_repair_test
# hidden: exercise_3_repair_test
def repair_modelfile(text):
    guidelines = check.read("3_ollama/guidelines.txt").strip()
    text = text.replace("context_length", "num_ctx").replace("PARAMETER num_gpu 1\n", "")
    return text.replace("FILE ./guidelines.txt", f'SYSTEM """{guidelines}"""')

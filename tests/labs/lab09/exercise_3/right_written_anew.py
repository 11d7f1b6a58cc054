# cell: exercise_3_repair
def repair_modelfile(text):
    with_layers = "FROM phi4-mini:3.8b-q4_K_M\nPARAMETER num_gpu 999\nPARAMETER num_ctx 4096\n"
    rules = check.read("3_ollama/guidelines.txt")  # noqa: F821
    before = "You are the assistant of Acme's service desk. Answer in one paragraph.\n"
    return with_layers + f'PARAMETER temperature 0.3\nSYSTEM """{before}{rules}"""\n'

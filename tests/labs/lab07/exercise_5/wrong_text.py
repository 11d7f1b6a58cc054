# cell: exercise_5_forced
# says: gave text: the arguments are JSON
# fails: exercise_5_forced_test
quiet_forced = forced  # noqa: F821


def forced(client, model, question, tool, max_tokens=200):
    return json.dumps(quiet_forced(client, model, question, tool, max_tokens))  # noqa: F821

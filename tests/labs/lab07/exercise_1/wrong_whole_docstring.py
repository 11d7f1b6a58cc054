# cell: exercise_1_declare
# says: the first line of the docstring
# fails: exercise_1_declare_test
def declare(function):
    doc = inspect.getdoc(function)  # noqa: F821
    if not doc:
        raise ValueError("There is no docstring.")
    tool = {"name": function.__name__, "description": doc, "parameters": parameters(function)}  # noqa: F821
    return {"type": "function", "function": tool}

# cell: exercise_1_declare
# says: The function silent has no docstring, and the function stopped with AttributeError
# fails: exercise_1_declare_test
# hidden: exercise_1_declare_test
def declare(function):
    said = inspect.getdoc(function).splitlines()[0]  # noqa: F821
    tool = {"name": function.__name__, "description": said, "parameters": parameters(function)}  # noqa: F821
    return {"type": "function", "function": tool}

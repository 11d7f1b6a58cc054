# cell: exercise_1_declare
# says: inspect.getdoc takes blanks and empty lines away
# fails: exercise_1_declare_test
# hidden: exercise_1_declare_test
def declare(function):
    if not function.__doc__:
        raise ValueError("There is no docstring.")
    said = function.__doc__.split("\n")[0]
    tool = {"name": function.__name__, "description": said, "parameters": parameters(function)}  # noqa: F821
    return {"type": "function", "function": tool}

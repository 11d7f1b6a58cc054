# cell: exercise_2_value
import ast

SIGNS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def walk(node, text):
    if isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
        try:
            return SIGNS[type(node.op)](walk(node.left, text), walk(node.right, text))
        except ZeroDivisionError:
            raise ValueError(f"{text} divides by 0") from None
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(ast.get_source_segment(text, node))  # noqa: F821
    raise ValueError(f"{text} is no calculation")


def value(expression):
    text = expression.replace("x", "*").strip()
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        raise ValueError(f"{expression} is no calculation") from None
    return walk(tree.body, text)

"""Two functions for a model to call: a calculator, and the tutorial's circle."""

import ast
import math
import operator

_BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}  # fmt: skip
_UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg}
LONGEST, LARGEST = 200, 1e15


def calculate(expression: str) -> float:
    """Calculate an arithmetic expression, for example (240 + 30) / 2 or 1.06 ** 3.

    expression: numbers, + - * / // % ** and brackets
    """
    # A model wrote this: it is read as a tree, and never evaluated as Python.
    if len(expression) > LONGEST:
        raise ValueError(f"the expression is longer than {LONGEST} characters")
    text = expression.replace("×", "*").replace("÷", "/").replace("^", "**").replace(",", "")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise ValueError(f"{expression!r} is not an arithmetic expression") from None
    value = _value(tree.body)
    value = round(value, 10)
    return int(value) if value == int(value) else value


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return _checked(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow) and abs(right) > 100:
            raise ValueError("the exponent is too large")
        if not right and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
            raise ValueError("division by zero")
        return _checked(_BINARY[type(node.op)](float(left), right))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand))
    raise ValueError("only numbers, + - * / // % ** and brackets are understood")


def _checked(value: float) -> float:
    if isinstance(value, complex) or not math.isfinite(value) or abs(value) > LARGEST:
        raise ValueError("the value is too large, or not a real number")
    return value


def calculate_circle_area(radius: float) -> float:
    """Calculate the area of a circle given its radius

    radius: The radius of the circle
    """
    if radius < 0:
        raise ValueError("a radius is not negative")
    return round(math.pi * radius**2, 2)

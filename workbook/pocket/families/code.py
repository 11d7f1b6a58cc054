"""Small Python functions, asked for in several wordings; each runs and is tested."""

import random

from workbook.pocket.families.problem import Problem

FUNCTIONS = {
    "fibonacci": (
        "calculate the Fibonacci sequence using dynamic programming",
        '''def fibonacci(n):
    """Return the first n Fibonacci numbers."""
    # Each number is the sum of the two before it, so we store them.
    sequence = [0, 1]
    for i in range(2, n):
        sequence.append(sequence[i - 1] + sequence[i - 2])
    return sequence[:n]''',
        "assert fibonacci(7) == [0, 1, 1, 2, 3, 5, 8] and fibonacci(1) == [0]",
    ),
    "gcd": (
        "find the greatest common divisor of two numbers using the Euclidean algorithm",
        '''def gcd(a, b):
    """Return the greatest common divisor of a and b."""
    # Replace the pair by (b, remainder) until nothing remains.
    while b:
        a, b = b, a % b
    return a''',
        "assert gcd(48, 36) == 12 and gcd(7, 3) == 1",
    ),
    "factorial": (
        "calculate the factorial of a number using recursion",
        '''def factorial(n):
    """Return n factorial."""
    # The factorial of 0 and 1 is 1: recursion stops here.
    if n <= 1:
        return 1
    return n * factorial(n - 1)''',
        "assert factorial(5) == 120 and factorial(0) == 1",
    ),
    "binary_search": (
        "implement binary search",
        '''def binary_search(items, target):
    """Return the index of target in the sorted list items, or -1."""
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        # Keep only the half that can still hold the target.
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1''',
        "assert binary_search([1, 3, 5, 8], 5) == 2 and binary_search([1, 3], 2) == -1",
    ),
    "is_prime": (
        "check whether a number is prime",
        '''def is_prime(n):
    """Return True if n is a prime number."""
    if n < 2:
        return False
    # A divisor larger than the square root has a partner below it.
    for i in range(2, int(n**0.5) + 1):
        if n % i == 0:
            return False
    return True''',
        "assert is_prime(13) and not is_prime(9) and not is_prime(1)",
    ),
    "reverse_string": (
        "reverse a string",
        '''def reverse_string(text):
    """Return text from its last character to its first."""
    # A slice with step -1 walks backwards.
    return text[::-1]''',
        "assert reverse_string('abc') == 'cba'",
    ),
}
"""Name: (task, source, unit test)."""

WORDINGS = (
    "Write a Python function to {task}.",
    "Write a Python function to {task}. Include comments explaining the approach.",
    "Create a Python function to {task}",
    "Write a Python function to {task} with detailed comments",
    "Please write Python code to {task}.",
    "How do I {task} in Python?",
)


def function(rng: random.Random) -> Problem:
    """One function in one wording. Every function is seen in training: what is tested is
    whether the wording is understood and the code comes out whole."""
    return function_of(rng.choice(sorted(FUNCTIONS)), rng.randrange(len(WORDINGS)))


def function_of(name: str, wording: int) -> Problem:
    """The named function, asked for in the given wording."""
    task, source, test = FUNCTIONS[name]
    prompt = WORDINGS[wording].format(task=task)
    return Problem("code", (name, wording), prompt, f"```python\n{source}\n```", test, "python")

"""Question banks, answer checks, and accuracy with honest intervals."""

from workbook.evaluate.banks import Question, load
from workbook.evaluate.results import Result, accuracy, ask_all, by_family, wilson

__all__ = ["Question", "Result", "accuracy", "ask_all", "by_family", "load", "wilson"]

"""From a Hugging Face folder to artifacts in other formats, each checked against the original."""

from workbook.convert.artifact import Artifact
from workbook.convert.converter import RECIPES, affordable, convert

__all__ = ["RECIPES", "Artifact", "affordable", "convert"]

"""What a model is: the catalogue, its folders, its shape, its chat template."""

from workbook.models.catalogue import (
    MODELS,
    SHAPES,
    Model,
    download,
    fingerprint,
    folder,
    geometry,
    get,
)
from workbook.models.geometry import Geometry

__all__ = [
    "MODELS",
    "SHAPES",
    "Geometry",
    "Model",
    "download",
    "fingerprint",
    "folder",
    "geometry",
    "get",
]

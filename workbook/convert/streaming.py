"""ONNX Runtime GenAI's model builder, with the weights read and quantized one matrix at a time.

    python -m workbook.convert.streaming --source FOLDER --out FOLDER --cache FOLDER
        --precision int4 [--random] [OPTION=VALUE ...]

The builder loads the whole model and quantizes a copy of all of it in fp32: three times the bf16
weights in memory, more than most learners have at Phi-4-mini's size. Here the same builder makes
the same graph with two of its steps replaced: weights are mapped from the safetensors files and
not loaded, and each matrix goes through the builder's own quantizer in slices, so that only some
slices are in memory as fp32. The tensors are the same, bit for bit.

With --random no weights are read: each is drawn when it is needed (`workbook shape`).
"""

import argparse
import importlib.util
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import torch

from workbook.convert import running
from workbook.convert.mapped import Mapped, empty
from workbook.models import shapes

SLICE = 2**22
"""Weights that are quantized at once by a thread."""


def main(argv: list[str] | None = None) -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(prog="python -m workbook.convert.streaming")
    parser.add_argument("--source", required=True, help="Hugging Face folder")
    parser.add_argument("--out", required=True, help="folder to write")
    parser.add_argument("--cache", required=True, help="folder for temporary files")
    parser.add_argument("--precision", required=True, help="fp32, int8 or int4")
    parser.add_argument("--random", action="store_true", help="random weights: a shape")
    parser.add_argument("options", nargs="*", help="the builder's extra options")
    args = parser.parse_args(argv)
    # the quantizer tells of every matrix
    logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)
    builder, base = _builder()
    _replace(base, _Drawn(args.source) if args.random else _Read(args.source))
    options = builder.parse_extra_options(
        None, args.source, args.out, args.precision, "cpu", args.cache,
        ["hf_remote=false", *args.options],
    )  # fmt: skip
    builder.create_model(None, args.source, args.out, args.precision, "cpu", args.cache, **options)
    return 0


def _builder():
    """The builder's module and that of its base class. It is written as a script: its modules
    find each other in its folder."""
    folder = Path(importlib.util.find_spec("onnxruntime_genai").origin).parent / "models"
    sys.path.insert(0, str(folder))
    import builder
    from builders import base

    return builder, base


def _replace(base, weights: "_Read | _Drawn") -> None:
    original = base.Model.make_initializer

    def make_initializer(model, tensor, /, name, **options):
        original(model, tensor, name, **options)
        weights.initializer(model.model.graph.initializers[name], tensor)

    base.Model.make_initializer = make_initializer
    base.Model.load_weights = lambda model, source: weights.module()
    base.Model.to_nbits = lambda model: quantize(model, base.MatMulNBitsQuantizer, weights)


class _Read:
    """Weights of a checkpoint."""

    def __init__(self, source: str) -> None:
        self.mapped = Mapped(Path(source))
        self.module, self.forget = self.mapped.module, self.mapped.forget
        self.tensors: dict[str, torch.Tensor] = {}

    def initializer(self, value, tensor) -> None:
        """The builder's own value of an initializer is right; where it lies is remembered."""
        if isinstance(tensor, torch.Tensor):
            self.tensors[value.name] = tensor.detach()

    def columns(self, value) -> "Columns":
        """Gives columns of a matrix [in, out] as float32, from the first to before the last."""
        if value.name not in self.tensors:
            return _columns(value.const_value.numpy())
        tensor = self.tensors[value.name]
        return lambda first, last: tensor[:, first:last].to(torch.float32).numpy()


class _Drawn:
    """Random weights, each made when it is needed."""

    def __init__(self, source: str) -> None:
        self.source = source

    def module(self):
        return empty(self.source)

    def initializer(self, value, tensor) -> None:
        """Give a parameter without values a value."""
        if not (isinstance(tensor, torch.Tensor) and tensor.is_meta):
            return
        name, shape = value.name, tuple(tensor.shape)
        value.const_value = ir.LazyTensor(
            lambda: ir.Tensor(shapes.draw(name, shape), name=name),
            dtype=ir.DataType.FLOAT, shape=ir.Shape(shape), name=name,
        )  # fmt: skip

    def columns(self, value) -> "Columns":
        """As with a checkpoint; the matrix is drawn whole."""
        return _columns(value.const_value.numpy())

    def forget(self) -> None:
        """Nothing is kept."""


Columns = Callable[[int, int], np.ndarray]


def _columns(matrix: np.ndarray) -> Columns:
    return lambda first, last: matrix[:, first:last]


# ---------------------------------------------------------------- quantizing


def quantize(model, quantizer, weights: _Read | _Drawn) -> ir.Model:
    """What the builder's `to_nbits` gives: its graph with every MatMul of a weight quantized.

    model: the builder's; quantizer: its MatMulNBitsQuantizer.
    """
    nodes = [
        node for node in model.model.graph
        if node.op_type == "MatMul" and node.inputs[1].const_value is not None
    ]  # fmt: skip
    with ThreadPoolExecutor() as pool:
        for done, node in enumerate(nodes, start=1):
            print(f"{running.PROGRESS} {done} {len(nodes)}", flush=True)
            columns = weights.columns(node.inputs[1])
            _replace_node(model, node, *_quantized(model, quantizer, node, columns, pool))
            weights.forget()
    return model.model


def _quantized(
    model, quantizer, node, columns: Columns, pool
) -> tuple[onnx.NodeProto, dict[str, np.ndarray]]:
    """The node that takes a MatMul's place, and its weights by name."""
    inner, outer = node.inputs[1].const_value.shape
    # An even number of columns: two zero points of four bits share a byte.
    width = max(2, SLICE // inner // 2 * 2)

    def part(first: int):
        weight = columns(first, min(first + width, outer))
        return _quantize_slice(model, quantizer, node, weight)

    parts = list(pool.map(part, range(0, outer, width)))
    made = parts[0][0]
    for attribute in made.attribute:
        if attribute.name == "N":
            attribute.i = outer
    names = parts[0][1]
    return made, {name: np.concatenate([arrays[name] for _, arrays in parts]) for name in names}


def _quantize_slice(
    model, quantizer, node, weight: np.ndarray
) -> tuple[onnx.NodeProto, dict[str, np.ndarray]]:
    """A model of one MatMul, quantized as the builder does it: its node, and its weights."""
    name = node.inputs[1].name
    inputs = [node.inputs[0].name, name]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", inputs, [node.outputs[0].name], name=node.name)],
        "slice", [], [], [onnx.numpy_helper.from_array(np.ascontiguousarray(weight), name)],
    )  # fmt: skip
    options = model.quant_attrs
    per_node = {"bits": options["bits"]} | model.int4_customized_weight_config.get(node.name, {})
    work = quantizer(
        model=onnx.helper.make_model(graph),
        bits=options["bits"],
        block_size=options["matmul_block_size"],
        is_symmetric=options["is_symmetric"],
        accuracy_level=options["accuracy_level"],
        nodes_to_exclude=list(options["nodes_to_exclude"]),
        op_types_to_quantize=options["op_types_to_quantize"],
        algo_config=model.make_algo_config(model.quantization_algo, {node.name: per_node}),
    )
    work.process()
    done = work.model.model.graph
    # Copies: a part of a protobuf message keeps all of it, and so the slice in fp32.
    made = onnx.NodeProto.FromString(done.node[0].SerializeToString())
    return made, {one.name: onnx.numpy_helper.to_array(one).copy() for one in done.initializer}


def _replace_node(model, node, made: onnx.NodeProto, arrays: dict[str, np.ndarray]) -> None:
    """Make the MatMul what the quantizer made of it, in its place in the graph."""
    weight = node.inputs[1]
    for name, array in arrays.items():
        # made before by the builder where the embedding shares the matrix
        value = model.make_value(name)
        value.const_value = ir.tensor(array, name=name)
        value.dtype, value.shape = value.const_value.dtype, value.const_value.shape
        model.model.graph.register_initializer(value)
    node.op_type, node.domain, node.name = made.op_type, made.domain, made.name
    node.attributes.update({a.name: ir.from_proto(a) for a in made.attribute})
    node.resize_inputs(len(made.input))
    for at, name in enumerate(made.input):
        node.replace_input_with(at, model.make_value(name))
    if not weight.uses():
        del model.model.graph.initializers[weight.name]


if __name__ == "__main__":
    sys.exit(main())

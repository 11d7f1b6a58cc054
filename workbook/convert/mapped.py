"""The weights of a Hugging Face folder, mapped into memory and not loaded.

A page of the safetensors files is read when it is touched and can be given back at once, so a model
of any size is worked through, matrix by matrix, in the memory of one matrix.
"""

import json
import mmap
from collections.abc import Iterator
from pathlib import Path

import torch

DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
"""Element types of safetensors files that are read."""


def empty(source: Path | str) -> torch.nn.Module:
    """The model of a Hugging Face folder with parameters that have a shape and no values."""
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(source)).eval()


class Mapped:
    """The safetensors files of a folder."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.files = [_File(file) for file in sorted(source.glob("*.safetensors"))]

    def module(self) -> torch.nn.Module:
        """The model, in evaluation mode; its parameters lie in the files, in their type there.

        Raises ValueError when the files lack a parameter or hold a type that is not read.
        """
        model = empty(self.source)
        names = model.state_dict().keys()
        state = {
            name: tensor for file in self.files for name, tensor in file.tensors() if name in names
        }
        # strict would ask for the output matrix of a tied model, which is no tensor of its own
        model.load_state_dict(state, strict=False, assign=True)
        model.tie_weights()
        missing = [name for name, tensor in model.named_parameters() if tensor.is_meta]
        if missing:
            raise ValueError(f"the safetensors files hold no {missing[0]}: get the model again")
        return model

    def forward(self, dtype: torch.dtype) -> torch.nn.Module:
        """The model ready to compute in `dtype`: each layer is read when it is its turn, and
        given back behind it."""
        model = self.module()
        # what is computed from the config, not read, has no values yet
        model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config)
        for part in (
            model.model.embed_tokens,
            *model.model.layers,
            model.model.norm,
            model.lm_head,
        ):
            part.register_forward_pre_hook(lambda module, _: _cast(module, dtype))
            part.register_forward_hook(lambda module, *_: self._give_back(module))
        return model

    def _give_back(self, module: torch.nn.Module) -> None:
        for parameter, original in module.__dict__.pop("mapped"):
            parameter.data = original
        self.forget()

    def forget(self) -> None:
        """Give the pages that were read back to the system."""
        for file in self.files:
            file.forget()


def _cast(module: torch.nn.Module, dtype: torch.dtype) -> None:
    module.__dict__["mapped"] = [(parameter, parameter.data) for parameter in module.parameters()]
    for parameter in module.parameters():
        parameter.data = parameter.data.to(dtype)


class _File:
    """One safetensors file: eight bytes of length, a JSON header, and the tensors' bytes."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as handle:
            size = int.from_bytes(handle.read(8), "little")
            self.header = json.loads(handle.read(size))
            self.start = 8 + size
            # A copy-on-write mapping: PyTorch wants one that could be written.
            self.map = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_COPY)
        self.header.pop("__metadata__", None)

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        for name, entry in self.header.items():
            first, last = entry["data_offsets"]
            dtype = DTYPES.get(entry["dtype"])
            if dtype is None:
                known = ", ".join(DTYPES)
                raise ValueError(f"{name} is of the type {entry['dtype']}: only {known} are read")
            count = (last - first) // dtype.itemsize
            flat = torch.frombuffer(self.map, dtype=dtype, count=count, offset=self.start + first)
            yield name, flat.view(entry["shape"])

    def forget(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):  # Windows has none: it takes pages back when it must
            self.map.madvise(mmap.MADV_DONTNEED)

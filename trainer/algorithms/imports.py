"""Weights from a model file that somebody else wrote, without running anything that is in it.

Stable-Baselines3's file is a zip: networks that PyTorch reads as weights only, and `data`, a JSON text of which some
values are pickles. The pickles are never touched; of the rest only the count of steps is read. The weights go into a
model that we have built from our own configuration, so nothing else of the file decides anything. A file that PyTorch
cannot read so holds more than numbers, and reading that may run any code: it takes an explicit word of trust.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import recursive_getattr

from trainer.algorithms.fast import Fast
from trainer.errors import PalaestraError

_POLICY, _VARIABLES, _DATA = "policy.pth", "pytorch_variables.pth", "data"
_SPARE = 16 << 20  # bytes that a file may have beyond four times what the model takes
_LONGEST_LIST = 6
_MOST_STEPS = 2**53


class ImportModelError(PalaestraError):
    """A model file cannot be taken in; the message says why and what would help."""

    code = "import"


class UntrustedFileError(ImportModelError):
    """The file holds more than numbers."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path.name} holds more than weights, and reading the rest could run any program on this machine, so it "
            "was left unread. Ask whoever made it for a file saved by Stable-Baselines3's model.save. If you know "
            "where it comes from and trust it, say so with --trust."
        )


def import_weights(model: BaseAlgorithm, path: Path, *, trust: bool = False) -> int:
    """Put the weights of a file into a freshly built model; return the steps that they were trained for, 0 if unknown.

    The optimisers start afresh.

    :param path: a zip saved by Stable-Baselines3, or the state of its policy saved by PyTorch
    :param trust: read files that hold more than weights too, which may run whatever is in them
    :raises UntrustedFileError: the file needs trust that was not given
    :raises ImportModelError: it cannot be read, or it is of another kind of model; every difference is named
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            _require_size(model, path, archive)
            policy = _load(io.BytesIO(archive.read(_POLICY)) if _POLICY in names else path, path, trust=trust)
            variables = _load(io.BytesIO(archive.read(_VARIABLES)), path, trust=trust) if _VARIABLES in names else None
            steps = _steps(archive.read(_DATA)) if _DATA in names else 0
    except zipfile.BadZipFile:
        policy, variables, steps = _load(path, path, trust=trust), None, 0
    except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
        raise ImportModelError(f"{path} cannot be read: {error}.") from error
    _fill(model, path, policy, variables)
    return steps


def _load(source: io.BytesIO | Path, path: Path, *, trust: bool) -> Any:
    if not _is_of_pytorch(source):
        raise ImportModelError(f"{path.name} is not a model file.")
    try:
        return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not trust:
            raise UntrustedFileError(path) from error
    except Exception as error:  # what stumbles over bytes at random may raise anything
        raise ImportModelError(f"{path.name} is not a model file, or not all of it.") from error
    if isinstance(source, io.BytesIO):
        source.seek(0)
    try:
        return torch.load(source, map_location="cpu", weights_only=False)
    except Exception as error:  # a pickle may raise anything; whatever it is, the file is no model
        raise ImportModelError(f"{path.name} cannot be read: {type(error).__name__}: {error}.") from error


def _is_of_pytorch(source: io.BytesIO | Path) -> bool:
    """Tell what PyTorch may have written (a zip, formerly a pickle) from all else, which no trust makes readable."""
    start = source.getvalue()[:2] if isinstance(source, io.BytesIO) else _first_bytes(source)
    return start in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(2)
    except OSError as error:
        raise ImportModelError(f"{path} cannot be read: {error}.") from error


def _require_size(model: BaseAlgorithm, path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what would fill the memory when it is unpacked."""
    own = sum(tensor.numel() * tensor.element_size() for tensor in model.policy.state_dict().values())
    for name in (_POLICY, _VARIABLES, _DATA):
        if name in archive.namelist() and archive.getinfo(name).file_size > 4 * own + _SPARE:
            raise ImportModelError(f"{path.name} is not of this model: its {name} is many times as large.")


def _steps(data: bytes) -> int:
    try:
        count = json.loads(data).get("num_timesteps")
    except (ValueError, AttributeError):
        return 0
    return count if isinstance(count, int) and 0 <= count < _MOST_STEPS else 0


@torch.no_grad()
def _fill(model: BaseAlgorithm, path: Path, policy: Any, variables: Any) -> None:
    differences = _differences(model.policy.state_dict(), policy)
    names = model._get_torch_save_params()[1]
    if names and variables is not None:
        differences += _differences({name: recursive_getattr(model, name) for name in names}, variables)
    if differences:
        more = len(differences) - _LONGEST_LIST
        listed = "; ".join(differences[:_LONGEST_LIST]) + (f"; and {more} more" if more > 0 else "")
        raise ImportModelError(
            f"{path.name} does not fit this configuration: {listed}. Choose the preset of its algorithm and "
            "environment, and set the network (policy.net_arch) to what it was trained with."
        )
    model.policy.load_state_dict(policy)
    if variables is not None:
        for name in names:
            recursive_getattr(model, name).data.copy_(variables[name])
    if isinstance(model, Fast):
        model.weights_changed()


def _differences(own: Mapping[str, torch.Tensor], given: Any) -> list[str]:
    if not isinstance(given, Mapping):
        return ["it holds no named weights"]
    found = [f"it has no {name}" for name in own if not isinstance(given.get(name), torch.Tensor)]
    found += [f"its {name} is unknown here" for name in given if name not in own]
    for name, tensor in own.items():
        other = given.get(name)
        if isinstance(other, torch.Tensor) and other.shape != tensor.shape:
            found.append(f"{name} is {_shape(other)} in it and {_shape(tensor)} here")
        elif isinstance(other, torch.Tensor) and not bool(torch.isfinite(other).all()):
            found.append(f"its {name} is not finite")
    return found


def _shape(tensor: torch.Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"

"""Exporting a policy to ONNX or TorchScript, with proof that it acts as ours does.

What always holds: an export's folder is whole, with the check's result in its `export.json`, or not there at all.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from trainer import whole_files as files
from trainer.errors import PalaestraError
from trainer.tools.formats import ONNX, TORCHSCRIPT, require_format
from trainer.tools.portable import HIDDEN, MASK, START, Arrays, PortablePolicy
from trainer.tools.progress import Progress
from trainer.tools.results import ABOUT, EXPORTS, folder_in, tidy_unfinished
from trainer.tools.sampling import Sample, collect
from trainer.tools.subject import Subject

OBSERVATIONS = 256
TOLERANCE = 1e-5
FILES = {ONNX: "policy.onnx", TORCHSCRIPT: "policy.pt"}
_OPSET = 18

Call = Callable[[Arrays], list[np.ndarray[Any, Any]]]


class ExportError(PalaestraError):
    """A policy could not be exported; nothing of it remains."""

    code = "export_failed"


@dataclass(frozen=True)
class Check:
    """How an exported policy compares with ours on what the environment really shows.

    :param observations: how many were compared
    :param different: for how many the actions differ by more than `tolerance`
    :param largest: largest difference of any action; infinite where one is no number
    :param tolerance: 0 for actions that are counted; for continuous ones 1e-5 of half their range, 1e-5 at least
    """

    observations: int
    different: int
    largest: float
    tolerance: float

    @property
    def equal(self) -> bool:
        """Whether every action is the same."""
        return self.different == 0

    def as_json(self) -> dict[str, Any]:
        """Return it as `export.json` has it."""
        return {
            "equal": self.equal,
            "observations": self.observations,
            "different": self.different,
            "largest_difference": self.largest if math.isfinite(self.largest) else None,
            "tolerance": self.tolerance,
        }


def export(subject: Subject, kind: str, progress: Progress, place: Path | None = None) -> dict[str, Any]:
    """Write a checkpoint's policy into a folder of its own and return what its `export.json` says.

    :param kind: `onnx` or `torchscript`
    :param place: the folder; None makes `exports/step_<n>_<kind>` in the run's directory. What was there gives way.
    :raises ConflictError: a package is missing, and the message has the one command that installs it; or the run was
        deleted meanwhile
    :raises ExportError: this policy cannot be exported
    :raises CancelledError: it was cut short
    """
    require_format(kind)
    tidy_unfinished(subject.directory)
    progress.stage(0.0, 0.6)
    with subject.examined_in(0, 1) as env:
        model = subject.model(env)
        sample = collect(model, env, OBSERVATIONS, progress)
        policy = PortablePolicy(subject, model, {name: rows[:2] for name, rows in sample.observations.items()})
    progress.stage(0.6, 1.0)
    progress.tell(0.0, "writing")
    place = place or folder_in(subject.directory, EXPORTS) / f"step_{subject.step}_{kind}"
    with files.made_beside(place) as beside:
        file = beside / FILES[kind]
        call = (_write_onnx if kind == ONNX else _write_torchscript)(policy, _example(policy, sample), file)
        progress.require()
        progress.tell(0.5, "comparing actions")
        check = compare(policy, call, sample)
        about = _about(subject, kind, policy, check)
        (beside / ABOUT).write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (beside / "README.md").write_text(_readme(about), encoding="utf-8")
    return {**about, "folder": place.name, "path": str(place)}


def compare(policy: PortablePolicy, call: Call, sample: Sample) -> Check:
    """Give every observation of a sample to an exported policy and compare its actions with those that were taken."""
    if policy.is_recurrent:
        actions = _one_by_one(policy, call, sample)
    else:
        # In two batches of different size, so that the size is seen not to matter.
        given = _given(policy, sample)
        parts = [
            call({name: rows[stretch] for name, rows in given.items()})[0] for stretch in (slice(1), slice(1, None))
        ]
        actions = np.concatenate(parts)
    difference = np.abs(actions.astype(np.float64) - sample.actions.astype(np.float64)).reshape(len(sample), -1)
    tolerance = _tolerance(policy.action_space)
    # Not a number is no action either.
    different = ~(difference <= tolerance).all(axis=1)
    return Check(len(sample), int(different.sum()), float(np.nan_to_num(difference, nan=np.inf).max()), tolerance)


def _one_by_one(policy: PortablePolicy, call: Call, sample: Sample) -> np.ndarray[Any, Any]:
    memory = _zero_memory(policy)
    actions = []
    for step in range(len(sample)):
        row = slice(step, step + 1)
        given = {name: rows[row] for name, rows in sample.observations.items()}
        given |= memory | {START: sample.starts[row].astype(np.float32)}
        action, *after = call(given)
        memory = dict(zip(memory, after, strict=True))
        actions.append(action[0])
    return np.array(actions)


def _given(policy: PortablePolicy, sample: Sample) -> Arrays:
    given = dict(sample.observations)
    if policy.is_masked and sample.masks is not None:
        given[MASK] = sample.masks
    return given


def _example(policy: PortablePolicy, sample: Sample) -> tuple[torch.Tensor, ...]:
    """Return two rows of everything, for PyTorch to follow through the network."""
    given = {name: rows[:2] for name, rows in _given(policy, sample).items()}
    if policy.is_recurrent:
        given |= {name: np.repeat(rows, 2, axis=1) for name, rows in _zero_memory(policy).items()}
        given[START] = sample.starts[:2].astype(np.float32)
    return tuple(torch.as_tensor(np.ascontiguousarray(given[port.name])) for port in policy.inputs)


def _zero_memory(policy: PortablePolicy) -> Arrays:
    ports = [port for port in policy.inputs if port.shape[0] is not None and port.name.startswith((HIDDEN, "cell"))]
    return {port.name: np.zeros([side or 1 for side in port.shape], dtype=np.float32) for port in ports}


def _write_torchscript(policy: PortablePolicy, example: tuple[torch.Tensor, ...], file: Path) -> Call:
    with _quietly(file.name):
        # Frozen, only what the action needs is left: neither critics nor targets.
        script = torch.jit.freeze(torch.jit.trace(policy, example, check_trace=False))  # type: ignore[no-untyped-call]
        torch.jit.save(script, str(file))
        loaded = torch.jit.load(str(file), map_location="cpu")  # type: ignore[no-untyped-call]

    def call(given: Arrays) -> list[np.ndarray[Any, Any]]:
        with torch.no_grad():
            out = loaded(*(torch.as_tensor(np.ascontiguousarray(given[port.name])) for port in policy.inputs))
        return [each.numpy() for each in (out if isinstance(out, tuple) else (out,))]

    return call


def _write_onnx(policy: PortablePolicy, example: tuple[torch.Tensor, ...], file: Path) -> Call:
    import onnxruntime

    ports = (*policy.inputs, *policy.outputs)
    with _quietly(file.name):
        torch.onnx.export(
            policy,
            example,
            str(file),
            input_names=[port.name for port in policy.inputs],
            output_names=[port.name for port in policy.outputs],
            dynamic_axes={port.name: {port.batch_axis: "batch"} for port in ports},
            opset_version=_OPSET,
            # The newer one needs another package and cannot follow every distribution of Stable-Baselines3.
            dynamo=False,
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    expected = {each.name for each in session.get_inputs()}

    def call(given: Arrays) -> list[np.ndarray[Any, Any]]:
        return list(session.run(None, {name: rows for name, rows in given.items() if name in expected}))

    return call


@contextlib.contextmanager
def _quietly(name: str) -> Iterator[None]:
    """Follow the network without PyTorch's remarks for developers, and put what goes wrong into words."""
    checks = torch.distributions.Distribution._validate_args
    torch.distributions.Distribution.set_default_validate_args(False)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    except (RuntimeError, TypeError, ValueError, NotImplementedError, torch.onnx.errors.OnnxExporterError) as error:
        raise ExportError(f"{name} could not be made of this policy: {_first_line(error)}") from error
    finally:
        torch.distributions.Distribution.set_default_validate_args(checks)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _tolerance(space: spaces.Space[Any]) -> float:
    if not isinstance(space, spaces.Box):
        return 0.0
    half = (space.high.astype(np.float64) - space.low.astype(np.float64)) / 2
    return TOLERANCE * max(1.0, float(half.max()) if np.isfinite(half).all() else 1.0)


def _about(subject: Subject, kind: str, policy: PortablePolicy, check: Check) -> dict[str, Any]:
    return {
        "format": kind,
        "file": FILES[kind],
        "run": subject.directory.name,
        "step": subject.step,
        "algorithm": subject.config.algorithm.name,
        "environment": subject.config.environment.id,
        "deterministic": True,
        "normalization_included": len(policy.normalizers) > 0,
        "inputs": [port.as_json() for port in policy.inputs],
        "outputs": [port.as_json() for port in policy.outputs],
        "check": check.as_json(),
        "time": time.time(),
    }


def _readme(about: dict[str, Any]) -> str:
    names = [each["name"] for each in about["inputs"]]
    lines = [f"# {about['algorithm'].upper()} on {about['environment']}, step {about['step']:,}", ""]
    lines += ["| input | shape | type | |", "|---|---|---|---|"]
    for port in about["inputs"]:
        lines.append(f"| `{port['name']}` | {port['shape']} | {port['dtype']} | {port['about']} |")
    lines += ["", "| output | shape | type | |", "|---|---|---|---|"]
    for port in about["outputs"]:
        lines.append(f"| `{port['name']}` | {port['shape']} | {port['dtype']} | {port['about']} |")
    if about["format"] == ONNX:
        given = ", ".join(f'"{name}": {_variable(name)}' for name in names)
        code = ["import onnxruntime", "", f'policy = onnxruntime.InferenceSession("{about["file"]}")']
        code += [f"action = policy.run(None, {{{given}}})[0]"]
    else:
        given = ", ".join(_variable(name) for name in names)
        code = ["import torch", "", f'policy = torch.jit.load("{about["file"]}")', f"action = policy({given})"]
    return "\n".join([*lines, "", "```python", *code, "```", ""])


def _variable(name: str) -> str:
    return name if name.isidentifier() else "observation"

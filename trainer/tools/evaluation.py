"""Measuring a checkpoint: whole episodes over several seeds, what they give in all, and where that is kept.

Results are small JSON files in the run's directory, `evaluations/<time>_step_<n>.json`. They are no part of training:
nothing that a run decides depends on them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer import whole_files as files
from trainer.envs.seeding import mixed_seed
from trainer.runs.evaluation import evaluate
from trainer.tools.draws import own_draws
from trainer.tools.progress import CancelledError, Progress
from trainer.tools.results import FOLDER, INTERVAL, folder_in
from trainer.tools.subject import Subject


def examine(
    subject: Subject, *, episodes: int, seeds: Sequence[int], deterministic: bool, progress: Progress
) -> dict[str, Any]:
    """Play `episodes` episodes with each seed and return what they gave, as JSON.

    A seed decides where its episodes begin and, when `deterministic` is false, what is drawn: the same seeds give the
    same returns. Returns are undiscounted, unclipped and unnormalised.

    :raises CancelledError: it was cut short; nothing is kept then
    """
    began, total = time.time(), episodes * len(seeds)
    rows: list[dict[str, Any]] = []
    count = _counter(total, progress)
    for seed in seeds:
        with subject.examined_in(seed, episodes) as env, own_draws(seed):
            env.seed(mixed_seed(seed, 0))
            model = subject.model(env, seed)
            found = evaluate(
                model,
                env,
                episodes,
                deterministic=deterministic,
                should_stop=lambda: progress.cancelled,
                on_episode=count,
            )
        if found is None:
            raise CancelledError
        rows.append({"seed": seed, **summary(found.returns, found.lengths), "returns": list(found.returns)})
    lengths = [row["mean_length"] for row in rows]
    every = [value for row in rows for value in row["returns"]]
    return {
        "run": subject.directory.name,
        "step": subject.step,
        "kind": subject.checkpoint.kind,
        "environment": subject.config.environment.id,
        "algorithm": subject.config.algorithm.name,
        "deterministic": deterministic,
        "episodes_per_seed": episodes,
        "seeds": rows,
        "all": {**summary(every, lengths), "episodes": len(every), "interval_of": INTERVAL},
        "time": began,
        "seconds": time.time() - began,
    }


def keep(directory: Path, result: dict[str, Any]) -> Path:
    """Write a result into its run's directory and return the file.

    :raises ConflictError: the run was deleted meanwhile
    :raises OSError: it cannot be written
    """
    folder = folder_in(directory, FOLDER)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(result["time"])) + f"-{int(result['time'] * 1000) % 1000:03d}"
    path = folder / f"{stamp}_step_{result['step']}.json"
    files.write_atomically(path, files.sealed(result))
    return path


def summary(returns: Sequence[float], lengths: Sequence[float]) -> dict[str, Any]:
    """Return mean, spread and the 95 % interval of returns.

    :param lengths: agent steps of the episodes, or means of equally many
    :return: `std` is the population's, as the field reports it; `interval` is None for a single episode
    """
    values = np.asarray(returns, dtype=np.float64)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "mean_length": float(np.mean(lengths)),
        "interval": interval(values),
    }


def interval(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float] | None:
    """Return the 95 % interval of the mean after Student: mean ± t · s / √n; None for fewer than two values."""
    count = len(values)
    if count < 2:
        return None
    half = student(count - 1) * float(np.std(values, ddof=1)) / math.sqrt(count)
    mean = float(np.mean(values))
    return [mean - half, mean + half]


def student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, to three decimals.

    Exact for 1 and 2 degrees of freedom, from there on the expansion in 1/n of Abramowitz and Stegun, 26.7.5.
    """
    if freedom == 1:
        return math.tan(math.pi * 0.475)
    if freedom == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    if freedom in _FEW:
        return _FEW[freedom]
    z, v = 1.959963984540054, float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v**power for power, term in enumerate(terms, start=1))


# Where the expansion is off in the third decimal.
_FEW = {3: 3.182446, 4: 2.776445, 5: 2.570582}


def _counter(total: int, progress: Progress) -> Callable[[float, int], None]:
    """Return what tells of each episode that ends out of `total`."""
    done = 0

    def count(_return: float, _length: int) -> None:
        nonlocal done
        done += 1
        progress.tell(done / total, f"episode {done:,} of {total:,}")

    return count

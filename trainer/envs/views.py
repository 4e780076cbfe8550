"""What an environment looks like: its spaces in full and a picture, found out in a process of its own (`worker`)."""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from gymnasium import spaces

from trainer.config.environment import EnvironmentConfig
from trainer.envs.catalogue import spaces_here
from trainer.envs.custom.source import Source, take_in_for
from trainer.envs.layers import layers_of
from trainer.envs.single import make_single
from trainer.errors import PalaestraError

_MOST_NUMBERS = 64  # bounds of a box that are told one by one
_MOST_PARTS = 64
_STEPS = 12  # at random before the picture, so that something has happened
_WIDEST = 960  # pixels
_LONGEST_ABOUT = 600  # letters
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")  # in Markdown


def look(job: Mapping[str, Any], say: Callable[[Mapping[str, Any]], None]) -> None:
    """Say of each id what it is like, one answer each, as soon as it is known.

    :param job: `ids`, `picture` (whether a picture is wanted), `sources`: id -> the user's file that registers it, and
        `at_most`: seconds after which no other id is begun
    """
    ends = time.monotonic() + job["at_most"]
    for environment_id in job["ids"]:
        if time.monotonic() > ends:
            break
        given = job["sources"].get(environment_id)
        source = None if given is None else Source.from_json(given)
        say({"id": environment_id, **_seen(environment_id, source, picture=job["picture"])})
    say({"ended": True})


def _seen(environment_id: str, source: Source | None, *, picture: bool) -> dict[str, Any]:
    try:
        take_in_for(environment_id, () if source is None else (source,))
        environment = EnvironmentConfig(id=environment_id)
        spaces = replace(spaces_here(environment, layers_of(environment)), own_code=source is not None)
        seen = {"spaces": asdict(spaces), **_in_full(environment_id)}
    except (Exception, SystemExit) as error:  # noqa: BLE001  # anybody's code; what it says is all that can be told
        return {"problem": _words(error)}
    return {**seen, **_picture(environment_id)} if picture else seen


def _in_full(environment_id: str) -> dict[str, Any]:
    env = make_single(EnvironmentConfig(id=environment_id))
    try:
        modes = [str(mode) for mode in env.metadata.get("render_modes") or ()]
        whole = {"observation": space_json(env.observation_space), "action": space_json(env.action_space)}
        return {**whole, "render_modes": modes, "about": _about(env)}
    finally:
        env.close()


def _about(env: Any) -> str:
    """Return the first paragraph of what its makers say of it; inherited words are about another one."""
    own = type(env.unwrapped).__dict__.get("__doc__") or ""
    paragraphs = [" ".join(part.split()) for part in own.split("\n\n")]
    plain = [part for part in paragraphs if part and not part.startswith(("#", "|", "```", "[", "<"))]
    text = _LINK.sub(r"\1", plain[0]) if plain else ""
    if len(text) <= _LONGEST_ABOUT:
        return text
    return text[: text.rfind(". ", 0, _LONGEST_ABOUT) + 1] or text[:_LONGEST_ABOUT]


def _picture(environment_id: str) -> dict[str, Any]:
    try:
        env = make_single(EnvironmentConfig(id=environment_id), "rgb_array")
        try:
            env.reset(seed=0)
            env.action_space.seed(0)
            for _ in range(_STEPS):
                _, _, terminated, truncated, _ = env.step(env.action_space.sample())
                if terminated or truncated:
                    env.reset()
            frame: Any = env.render()
        finally:
            env.close()
        if not (isinstance(frame, np.ndarray) and frame.ndim == 3 and frame.shape[2] == 3):
            return {"no_picture": "It has no picture of itself."}
        return {"picture": base64.b64encode(_png(frame)).decode("ascii")}
    except NotImplementedError:
        return {"no_picture": "It has no picture of itself."}
    except (Exception, SystemExit) as error:  # noqa: BLE001  # as above
        return {"no_picture": _words(error)}


def _png(frame: Any) -> bytes:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(frame, dtype=np.uint8))
    if image.width > _WIDEST:
        image = image.resize((_WIDEST, max(1, round(image.height * _WIDEST / image.width))))
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _words(error: BaseException) -> str:
    said = error.message if isinstance(error, PalaestraError) else str(error)
    return said.removeprefix("environment.id: ") or type(error).__name__


def space_json(space: spaces.Space[Any]) -> dict[str, Any]:
    """Return a space as JSON data: its kind, and what belongs to that kind.

    :returns: `kind`; a Box's `shape`, `dtype`, `low` and `high` (numbers or lists of them, infinity as text); a
        Discrete's `n` and `start`; the `shape` of what else has one; and `parts` by name of what is made of others
    """
    told: dict[str, Any] = {"kind": type(space).__name__}
    if isinstance(space, spaces.Box):
        bounds = {"low": _bound(space.low), "high": _bound(space.high)}
        return {**told, "kind": "Box", "shape": list(space.shape), "dtype": str(space.dtype), **bounds}
    if isinstance(space, spaces.Discrete):
        return {**told, "kind": "Discrete", "n": int(space.n), "start": int(space.start)}
    if isinstance(space, spaces.MultiDiscrete):
        return {**told, "shape": list(space.shape), "n": space.nvec.reshape(-1)[:_MOST_NUMBERS].tolist()}
    if isinstance(space, spaces.Dict):
        named = list(space.spaces.items())[:_MOST_PARTS]
        return {**told, "kind": "Dict", "parts": {str(name): space_json(part) for name, part in named}}
    if isinstance(space, spaces.Tuple):
        return {**told, "parts": {str(at): space_json(part) for at, part in enumerate(space.spaces[:_MOST_PARTS])}}
    return told if space.shape is None else {**told, "shape": list(space.shape)}


def _bound(values: Any) -> Any:
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    if flat.size and (flat == flat[0]).all():
        return _number(flat[0])
    if flat.size > _MOST_NUMBERS:
        return f"{_number(flat.min())} to {_number(flat.max())}"
    return [_number(value) for value in flat]


def _number(value: Any) -> float | str:
    if np.isfinite(value):
        return float(f"{float(value):.6g}")
    return "infinity" if value > 0 else "-infinity"

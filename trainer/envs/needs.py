"""What an environment needs to run here, and whether it is there.

Versions are looked up when the whole list is asked for, not at every question, so that nobody waits for the disk.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping
from importlib import metadata, util
from typing import TYPE_CHECKING

from trainer.envs import optional

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec

# Import name of what a family needs -> what to install.
_NEEDS: Mapping[str, tuple[str, str]] = {
    "atari": ("ale_py", "ale-py"),
    "box2d": ("Box2D", "gymnasium[box2d]"),
    "mujoco": ("mujoco", "mujoco"),
}
# Gymnasium-Robotics 1.4 compares joints in a way that newer MuJoCo releases have given up (3.11 runs, 3.12 does not).
_OLDER_MUJOCO = tuple(
    f"gymnasium_robotics.envs.{name}" for name in ("fetch.", "shadow_dexterous_hand.", "franka_kitchen")
)
_TOO_NEW_MUJOCO = (3, 12)

_versions: Mapping[str, str] | None = None


def versions() -> Mapping[str, str]:
    """Return the version of each installed package that brings environments, by the name under which it is imported.

    As of the last time that all were asked for, so that nobody waits for the disk.
    """
    return look_at_packages() if _versions is None else _versions


def look_at_packages() -> Mapping[str, str]:
    """Find out what is installed by now, and return it as `versions` does."""
    global _versions
    importlib.invalidate_caches()
    _versions = _installed_versions()
    return _versions


def _installed_versions() -> dict[str, str]:
    names = {"gymnasium": "gymnasium", **{module: module for module, _ in _NEEDS.values()}, "ale_py": "ale-py"}
    names |= {family.roots[0]: family.package for family in optional.OPTIONAL}
    return {module: _version(package) for module, package in names.items() if util.find_spec(module) is not None}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def is_retired(spec: EnvSpec) -> bool:
    """Say whether this is a MuJoCo environment for mujoco-py.

    Gymnasium registers them with a function that only explains where they went, and Gymnasium-Robotics, once it is
    imported, with what they were.
    """
    if isinstance(spec.entry_point, str):
        return spec.entry_point.startswith("gymnasium_robotics.envs.mujoco.")
    return getattr(spec.entry_point, "__name__", "") == "_raise_mujoco_py_error"


def missing_for(spec: EnvSpec, family: str) -> tuple[str | None, str | None]:
    """Return what keeps an environment from running here, with what to do, and the line that does it."""
    if family == "mujoco" and is_retired(spec):
        return f"Gymnasium no longer has versions 2 and 3 of this environment: use {spec.name}-v5.", None
    if family == "jax":
        other = "use the one of the same name in another family"
        return f"Gymnasium's JAX environments cannot be trained on here: {other}.", None
    needed = _NEEDS.get(family)
    if needed is not None and util.find_spec(needed[0]) is None:
        return f"Needs a package that is not installed: {needed[1]}.", optional.install_command(needed[1])
    if spec.id == "Pusher-v4" and int(metadata.version("mujoco").partition(".")[0]) >= 3:
        return "Runs only with mujoco older than 3: use Pusher-v5.", None
    return _missing_robot(spec) if family == "robotics" else (None, None)


def _missing_robot(spec: EnvSpec) -> tuple[str | None, str | None]:
    """Return the same for Gymnasium-Robotics, of which parts need an older MuJoCo, or one that has long gone."""
    entry_point = str(spec.entry_point)
    if ":MujocoPy" in entry_point:
        return "Needs mujoco-py, which has been given up: use the newest version of this environment.", None
    if util.find_spec("mujoco") is None:
        return "Needs a package that is not installed: mujoco.", optional.install_command("mujoco")
    if entry_point.startswith(_OLDER_MUJOCO) and _release(metadata.version("mujoco")) >= _TOO_NEW_MUJOCO:
        wanted = f"mujoco<{'.'.join(map(str, _TOO_NEW_MUJOCO))}"
        return f"Does not run with mujoco {metadata.version('mujoco')}: needs {wanted}.", optional.install_command(
            wanted
        )
    in_use = getattr(sys.modules.get("mujoco"), "__version__", "")
    if entry_point.startswith(_OLDER_MUJOCO) and _release(in_use) >= _TOO_NEW_MUJOCO:
        installed = metadata.version("mujoco")
        return f"mujoco {in_use} is in use, though {installed} is installed by now: restart Palaestra.", None
    return None, None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])

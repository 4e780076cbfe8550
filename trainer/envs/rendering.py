"""Drawing without a screen, and from several threads.

MuJoCo reads `MUJOCO_GL` once, when it is first imported for drawing. On a Linux machine without a display its
default (a window) fails, so the choice is made here before that import: EGL, else OSMesa, else a message that says
what to install. A value that the user set is never touched.
"""

from __future__ import annotations

import ctypes.util
import logging
import os
import sys
import threading
from typing import Any

from trainer.errors import PalaestraError

logger = logging.getLogger(__name__)

_SHADOW_PIXELS = 1024

_choosing = threading.Lock()


def choose_mujoco_backend() -> str:
    """Set `MUJOCO_GL` where that is needed and return what MuJoCo will draw with.

    :returns: `egl`, `osmesa`, the user's own value, or `glfw` where there is a display or another system's own way
    :raises PalaestraError: no display and neither library is installed
    """
    with _choosing:
        own = os.environ.get("MUJOCO_GL", "").strip()
        if own:
            return own
        if not _headless():
            return "glfw"
        chosen = _headless_library()
        # PyOpenGL, which MuJoCo draws through, has a switch of its own that must agree.
        os.environ["MUJOCO_GL"] = chosen
        os.environ.setdefault("PYOPENGL_PLATFORM", chosen)
        return chosen


def prepare_pygame() -> None:
    """Make pygame, which draws most of Gymnasium's environments, ready for use where there is no display."""
    if _headless():
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        # Environments import these while drawing; two threads doing so at once find one half imported.
        import pygame.gfxdraw
        import pygame.surfarray  # noqa: F401
    except ImportError:
        return


def quieten_mujoco() -> None:
    """Send MuJoCo's warnings to the log; it would put them into a file in the current directory."""
    try:
        import mujoco
    except ImportError:
        return
    mujoco.set_mju_user_warning(_log_mujoco_warning)


def lighten_mujoco(env: Any) -> None:
    """Let a MuJoCo environment draw shadows of fewer pixels, before its first picture.

    Where a processor draws, as on most headless machines, the shadow map is half the time of a frame.
    """
    model = getattr(env.unwrapped, "model", None)
    if model is None:
        return  # Gymnasium-Robotics' mazes keep theirs elsewhere
    quality = model.vis.quality
    quality.shadowsize = min(int(quality.shadowsize), _SHADOW_PIXELS)
    quality.offsamples = 0


def _log_mujoco_warning(message: str) -> None:
    logger.debug("MuJoCo: %s", message)


def _headless() -> bool:
    return sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _headless_library() -> str:
    for backend, library in (("egl", "EGL"), ("osmesa", "OSMesa")):
        if ctypes.util.find_library(library) is not None:
            return backend
    raise PalaestraError(
        "MuJoCo cannot draw here: there is no display, and neither EGL nor OSMesa is installed. "
        "Install one of them (on Debian or Ubuntu: apt install libegl1, or libosmesa6) or set MUJOCO_GL yourself. "
        "Training needs neither; only videos do."
    )

"""Drawing without a screen.

MuJoCo reads `MUJOCO_GL` once, when it is first imported for drawing. On a Linux machine without a display its
default (a window) fails, so the choice is made here before that import: EGL, else OSMesa, else a message that says
what to install. A value that the user set is never touched.
"""

from __future__ import annotations

import ctypes.util
import os
import sys
import threading

from trainer.errors import PalaestraError

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
        if not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            return "glfw"
        chosen = _headless_library()
        # PyOpenGL, which MuJoCo draws through, has a switch of its own that must agree.
        os.environ["MUJOCO_GL"] = chosen
        os.environ.setdefault("PYOPENGL_PLATFORM", chosen)
        return chosen


def _headless_library() -> str:
    for backend, library in (("egl", "EGL"), ("osmesa", "OSMesa")):
        if ctypes.util.find_library(library) is not None:
            return backend
    raise PalaestraError(
        "MuJoCo cannot draw here: there is no display, and neither EGL nor OSMesa is installed. "
        "Install one of them (on Debian or Ubuntu: apt install libegl1, or libosmesa6) or set MUJOCO_GL yourself. "
        "Training needs neither; only videos do."
    )

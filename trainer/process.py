"""How this process uses the machine; to be set before NumPy, PyTorch and Gradio are imported.

Two libraries bring threads of their own for matrix products. PyTorch's are used; NumPy's (OpenBLAS) stay at one,
as the two sets would spin against each other for the same cores: PPO on CartPole loses half its speed to it.
PyTorch's threads wait for the next product for some microseconds and then sleep. Without that wait an image network
loses a third of its speed; with the milliseconds that are the default, a training whose cores are shared with anything
else was seen to stand still.

Memory that a network's backward pass gives back is kept for the next one: glibc would return megabytes to the kernel
at every minibatch and have each page zeroed again, up to a sixth of the time of an image network's update.

What the user has set in the environment stays as it is. NumPy and PyTorch read these once, when they are imported:
`app.py` and `bench` import nothing that imports them before this, which a test watches.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import NoReturn

ENVIRONMENT = {
    # No telemetry and no version check: the page works with no network.
    "GRADIO_ANALYTICS_ENABLED": "False",
    "OPENBLAS_NUM_THREADS": "1",
    "GOMP_SPINCOUNT": "10000",
    "KMP_BLOCKTIME": "0",
}
# Numbers of glibc's mallopt(3), and the largest threshold that it takes.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LARGEST_THRESHOLD = 32 * 1024 * 1024
_KEEP = 1024 * 1024 * 1024
_PAD = 16 * 1024 * 1024


def prepare() -> None:
    """Set what must be set before those libraries are first imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if sys.platform == "linux":
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # another C library, such as musl
    mallopt(_MMAP_THRESHOLD, _LARGEST_THRESHOLD)
    mallopt(_TRIM_THRESHOLD, _KEEP)
    mallopt(_TOP_PAD, _PAD)


def end_with_everything() -> NoReturn:
    """End this process, which leads a group of its own, at once and with whatever it has started."""
    import psutil

    if sys.platform != "win32":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)

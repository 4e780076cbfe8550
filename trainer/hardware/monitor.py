"""How busy the machine is: processor, memory, disk and NVIDIA GPUs, for the footer of every page.

Invariants:
- nothing runs until somebody asks; a background thread then takes a sample about once a second, so that many
  askers cost no more than one, and it ends by itself when nobody has asked for a while;
- what cannot be known is None (or, for GPUs, an empty list): no driver, no library and an odd card are no errors.
"""

from __future__ import annotations

import copy
import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil


def load_nvml() -> ModuleType | None:
    """Return NVIDIA's management library as a module, or None where `nvidia-ml-py` is not installed."""
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


class HardwareMonitor:
    """Samples the machine while somebody looks.

    :param path: a file or folder on the disk whose free space matters; it need not exist yet
    :param interval: seconds between two samples
    :param idle_after: seconds without a question after which sampling ends
    :param nvml: gives the module to ask about GPUs, or None
    """

    def __init__(
        self,
        path: Path,
        *,
        interval: float = 1.0,
        idle_after: float = 10.0,
        nvml: Callable[[], ModuleType | None] = load_nvml,
    ) -> None:
        self._disk_path = path
        self._interval = interval
        self._idle_after = idle_after
        self._cpu = _CpuMeter()
        self._gpus = _Gpus(nvml)
        self._lock = threading.Lock()
        self._latest: dict[str, Any] | None = None
        self._asked_at = 0.0
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    @property
    def sampling(self) -> bool:
        """True while the background thread takes samples."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def sample(self) -> dict[str, Any]:
        """Return the newest sample, taking one first when none is fresh.

        :return: `cpu_percent` (0 to 100 over all cores), `memory` (`used`, `total`), `disk` (`free`, `total`) and
            `gpus`, each with `index`, `name`, `utilization` (percent), `memory_used`, `memory_total` and
            `temperature` (degrees Celsius); sizes are in bytes
        """
        with self._lock:
            self._asked_at = time.monotonic()
            if self._latest is None or not self.sampling:
                self._latest = self._measure()
                self._start()
            return copy.deepcopy(self._latest)

    def close(self) -> None:
        """End the background thread, if there is one."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=5.0)

    def _start(self) -> None:
        if self._closing.is_set():
            return
        self._thread = threading.Thread(target=self._watch, name="hardware-monitor", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._closing.wait(self._interval):
            with self._lock:
                if time.monotonic() - self._asked_at > self._idle_after:
                    self._thread = None
                    return
            measured = self._measure()
            with self._lock:
                self._latest = measured

    def _measure(self) -> dict[str, Any]:
        memory = psutil.virtual_memory()
        return {
            "cpu_percent": self._cpu.percent(),
            "memory": {"used": memory.total - memory.available, "total": memory.total},
            "disk": _disk(self._disk_path),
            "gpus": self._gpus.read(),
        }


class _CpuMeter:
    """Share of the processors' time that was not idle since the last question.

    `psutil.cpu_percent` keeps its last reading per calling thread, so a new thread would always be told 0.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = _cpu_seconds()
        self._percent = 0.0

    def percent(self) -> float:
        """Return 0 to 100 over all cores."""
        with self._lock:
            busy, total = _cpu_seconds()
            passed = total - self._last[1]
            # Two questions within one tick of the system's clock: the last answer still stands.
            if passed > 0:
                share = (busy - self._last[0]) / passed
                self._percent = round(100.0 * min(max(share, 0.0), 1.0), 1)
                self._last = (busy, total)
            return self._percent


def _cpu_seconds() -> tuple[float, float]:
    times = psutil.cpu_times()._asdict()
    # Linux counts the time of virtual machines in `user` and `nice` already.
    total = sum(value for name, value in times.items() if name not in ("guest", "guest_nice"))
    idle = times["idle"] + times.get("iowait", 0.0)
    return total - idle, total


def _disk(path: Path) -> dict[str, int | None]:
    for folder in (path, *path.resolve().parents):
        try:
            usage = psutil.disk_usage(str(folder))
        except OSError:
            continue
        return {"free": usage.free, "total": usage.total}
    return {"free": None, "total": None}


class _Gpus:
    """Reads NVIDIA GPUs; the library is loaded at the first question, since a cold driver can take a second."""

    def __init__(self, load: Callable[[], ModuleType | None]) -> None:
        self._load = load
        self._nvml: ModuleType | None = None
        self._tried = False

    def read(self) -> list[dict[str, Any]]:
        """Return one entry a GPU, in the driver's order; empty when there is none to be asked."""
        if not self._tried:
            self._nvml = self._connect()
            self._tried = True
        if self._nvml is None:
            return []
        try:
            count = self._nvml.nvmlDeviceGetCount()
        except self._nvml.NVMLError:
            return []
        found = (self._device(self._nvml, index) for index in range(count))
        return [device for device in found if device is not None]

    def _connect(self) -> ModuleType | None:
        nvml = self._load()
        if nvml is None:
            return None
        try:
            nvml.nvmlInit()
        except nvml.NVMLError:
            return None
        return nvml

    def _device(self, nvml: ModuleType, index: int) -> dict[str, Any] | None:
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError:
            return None
        name = _known(nvml, lambda: nvml.nvmlDeviceGetName(handle))
        memory = _known(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        rates = _known(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
        return {
            "index": index,
            # Releases before 12 answered in bytes.
            "name": name.decode(errors="replace") if isinstance(name, bytes) else name,
            "utilization": None if rates is None else int(rates.gpu),
            "memory_used": None if memory is None else int(memory.used),
            "memory_total": None if memory is None else int(memory.total),
            "temperature": _known(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        }


def _known(nvml: ModuleType, ask: Callable[[], Any]) -> Any:
    """Return the answer, or None: virtual GPUs, slices and shared-memory boards cannot answer everything."""
    try:
        return ask()
    except nvml.NVMLError:
        return None

from __future__ import annotations

import ctypes
import inspect
import json
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from trainer.hardware.monitor import HardwareMonitor, load_nvml

GIB = 1024**3


class Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


class FakeNvml(ModuleType):
    """Answers like `pynvml`: ctypes structures, text names, and NVMLError for what a card cannot tell."""

    NVML_TEMPERATURE_GPU = 0
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_DRIVER_NOT_LOADED = 9
    NVML_ERROR_GPU_IS_LOST = 15

    class NVMLError(Exception):
        def __init__(self, value: int) -> None:
            super().__init__(value)
            self.value = value

    def __init__(self, names: list[str | bytes], *, driver: bool = True) -> None:
        super().__init__("pynvml")
        self.names = names
        self.driver = driver
        self.unsupported: set[str] = set()
        self.lost: set[int] = set()
        self.readings = 0

    def nvmlInit(self) -> None:  # noqa: N802  # NVIDIA's name
        if not self.driver:
            raise self.NVMLError(self.NVML_ERROR_DRIVER_NOT_LOADED)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        self.readings += 1
        return len(self.names)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> ctypes.c_void_p:  # noqa: N802
        if index in self.lost:
            raise self.NVMLError(self.NVML_ERROR_GPU_IS_LOST)
        return ctypes.c_void_p(index + 1)

    def nvmlDeviceGetName(self, handle: ctypes.c_void_p) -> str | bytes:  # noqa: N802
        return self.names[(handle.value or 0) - 1]

    def nvmlDeviceGetMemoryInfo(self, handle: ctypes.c_void_p, version: int | None = None) -> Memory:  # noqa: N802
        self._need("memory")
        return Memory(total=16 * GIB, free=7 * GIB, used=9 * GIB)

    def nvmlDeviceGetUtilizationRates(self, handle: ctypes.c_void_p) -> Utilization:  # noqa: N802
        self._need("utilization")
        return Utilization(gpu=71, memory=30)

    def nvmlDeviceGetTemperature(self, handle: ctypes.c_void_p, sensor: int) -> int:  # noqa: N802
        self._need("temperature")
        assert sensor == self.NVML_TEMPERATURE_GPU
        return 64

    def _need(self, what: str) -> None:
        if what in self.unsupported:
            raise self.NVMLError(self.NVML_ERROR_NOT_SUPPORTED)


def monitor_of(nvml: ModuleType | None, tmp_path: Path, **options: float) -> HardwareMonitor:
    return HardwareMonitor(tmp_path, nvml=lambda: nvml, **options)


def test_a_machine_without_nvidia_library_reports_everything_but_gpus(tmp_path):
    monitor = monitor_of(None, tmp_path)
    sample = monitor.sample()
    monitor.close()
    assert sample["gpus"] == []
    assert 0.0 <= sample["cpu_percent"] <= 100.0
    assert 0 < sample["memory"]["used"] < sample["memory"]["total"]
    assert 0 <= sample["disk"]["free"] <= sample["disk"]["total"]
    json.dumps(sample, allow_nan=False)


def test_a_driver_that_is_not_loaded_means_no_gpus(tmp_path):
    monitor = monitor_of(FakeNvml(["NVIDIA A"], driver=False), tmp_path)
    assert monitor.sample()["gpus"] == []
    assert monitor.sample()["gpus"] == []
    monitor.close()


def test_each_gpu_is_reported_with_its_load_memory_and_temperature(tmp_path):
    monitor = monitor_of(FakeNvml(["NVIDIA A", b"NVIDIA B"]), tmp_path)
    gpus = monitor.sample()["gpus"]
    monitor.close()
    common = {"utilization": 71, "memory_used": 9 * GIB, "memory_total": 16 * GIB, "temperature": 64}
    assert gpus == [{"index": 0, "name": "NVIDIA A", **common}, {"index": 1, "name": "NVIDIA B", **common}]


@pytest.mark.parametrize("what", ["memory", "utilization", "temperature"])
def test_what_a_card_cannot_tell_is_none_and_the_rest_stays(tmp_path, what):
    nvml = FakeNvml(["NVIDIA A"])
    nvml.unsupported.add(what)
    monitor = monitor_of(nvml, tmp_path)
    (gpu,) = monitor.sample()["gpus"]
    monitor.close()
    missing = {key for key, value in gpu.items() if value is None}
    assert missing == ({"memory_used", "memory_total"} if what == "memory" else {what})


def test_a_lost_card_does_not_hide_the_others(tmp_path):
    nvml = FakeNvml(["NVIDIA A", "NVIDIA B"])
    nvml.lost.add(0)
    monitor = monitor_of(nvml, tmp_path)
    assert [gpu["index"] for gpu in monitor.sample()["gpus"]] == [1]
    monitor.close()


def test_the_fake_has_the_shape_of_the_real_library():
    real = load_nvml()
    if real is None:
        pytest.skip("nvidia-ml-py is not installed")
    assert issubclass(real.NVMLError, Exception)
    for name in (name for name in vars(FakeNvml) if name.startswith("nvml")):
        fake_parameters = list(inspect.signature(getattr(FakeNvml, name)).parameters)[1:]
        assert list(inspect.signature(getattr(real, name)).parameters)[: len(fake_parameters)] == fake_parameters, name
    for constant in (name for name in vars(FakeNvml) if name.startswith("NVML_")):
        assert getattr(real, constant) == getattr(FakeNvml, constant)
    for fake, actual in ((Utilization, real.c_nvmlUtilization_t), (Memory, real.c_nvmlMemory_t)):
        assert actual._fields_ == fake._fields_


@pytest.mark.alone
def test_nothing_is_sampled_until_asked_and_sampling_ends_when_nobody_asks(tmp_path):
    nvml = FakeNvml(["NVIDIA A"])
    monitor = monitor_of(nvml, tmp_path, interval=0.02, idle_after=0.1)
    time.sleep(0.1)
    assert nvml.readings == 0
    assert not monitor.sampling
    monitor.sample()
    assert monitor.sampling
    deadline = time.monotonic() + 5
    while monitor.sampling and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not monitor.sampling
    readings = nvml.readings
    assert readings >= 2, "the background thread took samples while it was asked"
    monitor.sample()
    assert nvml.readings > readings, "the first question after a rest is answered with a fresh sample"
    monitor.close()
    assert not monitor.sampling


@pytest.mark.alone
def test_many_askers_cost_no_more_than_one(tmp_path):
    nvml = FakeNvml(["NVIDIA A"])
    monitor = monitor_of(nvml, tmp_path, interval=30.0)
    threads = [threading.Thread(target=lambda: [monitor.sample() for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monitor.close()
    assert nvml.readings == 1


def test_a_sample_belongs_to_its_asker(tmp_path):
    monitor = monitor_of(FakeNvml(["NVIDIA A"]), tmp_path, interval=30.0)
    monitor.sample()["gpus"].clear()
    assert len(monitor.sample()["gpus"]) == 1
    monitor.close()


@pytest.mark.alone
def test_a_busy_processor_shows_whoever_asks(tmp_path):
    monitor = monitor_of(None, tmp_path, interval=0.1)
    busy_until = time.monotonic() + 0.4
    while time.monotonic() < busy_until:
        sum(range(1000))
    answers: list[float] = []
    asker = threading.Thread(target=lambda: answers.append(monitor.sample()["cpu_percent"]))
    asker.start()
    asker.join()
    monitor.close()
    assert answers[0] > 0.0


def test_a_disk_path_that_does_not_exist_yet_is_measured_where_it_will_be(tmp_path):
    monitor = HardwareMonitor(tmp_path / "not" / "made", nvml=lambda: None)
    assert monitor.sample()["disk"]["total"] > 0
    monitor.close()
    assert not (tmp_path / "not").exists()

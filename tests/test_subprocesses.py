"""What the program has started ends with all that it has started itself."""

import subprocess
import sys

import psutil
import pytest

from trainer import subprocesses
from trainer.tools import doctor, formats

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has one way only")
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_a_process_ends_with_its_children_where_there_are_groups_and_where_there_are_none(monkeypatch, platform):
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True)
    child = psutil.Process(int(process.stdout.readline()))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", platform)
        subprocesses.end(process)
        subprocesses.end(process)  # once more is once
    assert process.wait(5) != 0
    process.stdout.close()
    gone, _ = psutil.wait_procs([child], 5)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", "'/opt/my tools/python' -m pip install onnx"),
        ("win32", '"C:\\Program Files\\python.exe" -m pip install onnx'),
    ],
)
def test_a_command_is_shown_as_the_shell_here_takes_it(monkeypatch, platform, expected):
    python = "/opt/my tools/python" if platform == "linux" else r"C:\Program Files\python.exe"
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "onnx" else object())
    monkeypatch.setattr(doctor, "NEEDED", ("no-such-package",))
    assert expected == formats.missing_for("onnx").command
    assert expected.replace("onnx", "no-such-package") in doctor._packages()[0].words

"""webui.sh: a second start installs nothing, and paths among its arguments are meant from where the caller stands."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell runs it")


@pytest.fixture
def installed(tmp_path):
    """A project folder that looks installed; its Python says where it runs and with what."""
    folder = tmp_path / "palaestra"
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("webui.sh", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder / ".venv" / f".installed-{name}")
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$PWD" "$@"\n')
    python.chmod(0o755)
    return folder


def _run(script, *arguments, cwd):
    done = subprocess.run(["bash", script, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.splitlines(), done.stderr


def test_paths_are_meant_from_where_the_caller_stands(installed, tmp_path):
    lines, err = _run("palaestra/webui.sh", "train", "./mine.json", "--outputs", "here", cwd=tmp_path)
    assert lines[-1] == f"{tmp_path} {installed}/app.py train ./mine.json --outputs here"
    assert "Installing" not in err


def test_the_tests_run_in_the_project(installed, tmp_path):
    lines, _ = _run("palaestra/webui.sh", "test", "-q", cwd=tmp_path)
    assert lines[-1] == f"{installed} -m pytest -q"


def test_changed_requirements_are_installed_once(installed, tmp_path):
    (installed / "requirements.txt").write_text("something-new\n")
    _, err = _run("palaestra/webui.sh", cwd=tmp_path)
    assert "Installing requirements.txt" in err
    _, err = _run("palaestra/webui.sh", cwd=tmp_path)
    assert "Installing" not in err

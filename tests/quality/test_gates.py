"""The gates that every change passes: format, lint, types, and which part may import which."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

GATES = {
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "ruff lint": ["-m", "ruff", "check", "."],
    "mypy strict": ["-m", "mypy"],
    "import contract": ["-c", "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"],
}


@pytest.mark.parametrize("gate", GATES)
def test_gate(gate):
    done = subprocess.run([sys.executable, *GATES[gate]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{gate}:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("module", ["trainer.engine", "api", "ui.page", "serving.server"])
def test_the_first_page_does_not_wait_for_torch(module):
    code = f"import sys, {module}; sys.exit(bool({{'torch', 'stable_baselines3'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"importing {module} imports torch\n{done.stderr}"


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md", "docs/tools.md"])
def test_what_a_document_links_to_is_there(document):
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    missing = [each for each in targets if "://" not in each and not (path.parent / each).exists()]
    assert missing == []


def test_the_readme_leaves_nothing_to_be_filled_in():
    assert re.findall(r"TODO|FIXME|XXX|TBD|…\s*\|", (ROOT / "README.md").read_text(encoding="utf-8")) == []

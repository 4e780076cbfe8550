"""Versions and licences, read from what is installed."""

import getpass
import json
import platform
import re

import pytest

from trainer.about import about
from trainer.errors import NotFoundError
from trainer.licences import licence_text, own_licence, packages
from trainer.paths import PROJECT_ROOT


def test_everything_that_is_required_and_installed_is_listed_with_its_licence():
    listed = {package.name.lower().replace("_", "-"): package for package in packages()}
    lines = (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {re.split(r"[\[=~><; ]", line)[0].lower().replace("_", "-") for line in lines if line and line[0] != "#"}
    assert wanted - {"tomli"} <= set(listed)
    assert {"starlette", "farama-notifications", "mujoco"} <= set(listed), "requirements of requirements, and extras"
    assert "pytest" not in listed
    assert not [name for name, package in listed.items() if not package.licence]
    assert all(package.homepage.startswith(("https://", "http://", "")) for package in listed.values())
    assert listed["torch"].direct
    assert not listed["starlette"].direct


def test_a_licence_text_is_the_one_that_the_package_was_installed_with():
    assert "MIT License" in licence_text("stable_baselines3")
    assert "GNU GENERAL PUBLIC LICENSE" in licence_text("ale-py").upper()
    assert all(licence_text(package.name).strip() for package in packages())
    assert "MIT License" in own_licence()


@pytest.mark.parametrize("name", ["../LICENSE", "no-such-package", "", "pytest"])
def test_only_packages_of_this_program_have_a_text(name):
    with pytest.raises(NotFoundError):
        licence_text(name)


def test_a_report_tells_versions_and_machine_and_no_person():
    told = about(["A GPU"])
    versions = dict(told["versions"])
    assert versions["Python"] == platform.python_version()
    assert {"Palaestra", "torch", "stable-baselines3", "gymnasium", "gradio"} <= set(versions)
    assert ["GPU", "A GPU"] in told["machine"]
    assert dict(about([])["machine"])["GPU"] == "none"
    words = json.dumps(told)
    assert platform.node() not in words or len(platform.node()) < 4
    assert str(PROJECT_ROOT) not in words
    assert f"/{getpass.getuser()}/" not in words

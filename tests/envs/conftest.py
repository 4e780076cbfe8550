"""Environments of the user's own, for tests that say what lies in their folder."""

import pytest

from trainer.envs.custom.shelf import CustomEnvironments


@pytest.fixture
def shelf(folder, tmp_path):
    shelf = CustomEnvironments(folder, tmp_path / "environments.json")
    yield shelf
    shelf.close()

"""What tests of several parts use."""

import pytest

from trainer.engine import Engine


@pytest.fixture
def engine(tmp_path):
    """A real engine in a temporary folder."""
    engine = Engine(tmp_path / "outputs")
    yield engine
    engine.close()

"""Why a run failed, in words: no class names where something better is known."""

import pytest

from trainer.errors import ConflictError
from trainer.runs.reasons import explain


def test_what_has_failed_is_the_subject():
    said = explain(ZeroDivisionError("banana"), "X-v0", what="The export", traced="The program's own terminal")
    assert said == "The export raised ZeroDivisionError: banana. The program's own terminal has the traceback."
    assert explain(ZeroDivisionError("banana"), what="The saving", traced="").endswith("ZeroDivisionError: banana.")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError("Unable to allocate 28.0 GiB for an array"), "not enough memory for 28.0 GiB more."),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "GPU ran out of memory"),
        (OSError(28, "No space left on device"), "disk is full"),
        (
            ValueError("Expected parameter loc to satisfy the constraint, but found invalid values: tensor([nan])"),
            "NaN",
        ),
        (ModuleNotFoundError("No module named 'minigrid'"), "package that this run needs is missing"),
        (PermissionError(13, "Permission denied", "outputs"), "rights on the outputs folder"),
        (ConflictError("The run is stopping."), "The run is stopping."),
        (ZeroDivisionError("banana"), "Training raised ZeroDivisionError: banana. The log has the traceback."),
    ],
)
def test_a_failure_is_explained(error, words):
    assert words in explain(error)

"""Entries of `environment.wrappers`: read, refused in words, and written as they were."""

from __future__ import annotations

from typing import Any

import pytest

from trainer.config import RunConfig, load_config
from trainer.config.wrappers import KNOWN_WRAPPERS
from trainer.config.wrappers.reference import FILE, reference
from trainer.errors import ConfigError


def entry(**given: Any) -> dict[str, Any]:
    return load_config({"environment": {"wrappers": [given]}}).to_data()["environment"]["wrappers"][0]


@pytest.mark.parametrize("known", KNOWN_WRAPPERS.values(), ids=lambda known: known.name)
def test_a_known_wrapper_is_written_as_it_was_read(known: Any) -> None:
    given = {"name": known.name, "kwargs": known.starting_arguments()}
    assert entry(**given) == given
    assert entry(name=known.name) == {"name": known.name, "kwargs": {}}


def test_any_other_wrapper_keeps_whatever_it_is_given() -> None:
    given = {"entry_point": "a.b:C", "kwargs": {"zero": 0, "no": False, "none": None, "list": []}}
    assert entry(**given) == given


def test_an_entry_point_under_name_is_taken_as_older_versions_did() -> None:
    assert entry(name="a.b:C") == {"entry_point": "a.b:C", "kwargs": {}}


@pytest.mark.parametrize(
    ("given", "at", "message", "hint"),
    [
        ({"name": "tim_limit"}, ".name", "there is no wrapper called 'tim_limit'", "Did you mean time_limit?"),
        ({"name": "xyz"}, ".name", "there is no wrapper called 'xyz'", "Known are time_limit, "),
        (
            {"name": "normalize_observation"},
            ".name",
            "normalize_observation is a field, not a wrapper",
            "Set environment.normalize_observation to true instead.",
        ),
        (
            {"name": "time_limit", "kwargs": {"max_episode_step": 5}},
            ".kwargs.max_episode_step",
            "is not a known setting",
            "Did you mean environment.wrappers.0.kwargs.max_episode_steps?",
        ),
        ({"name": "time_limit", "kwargs": {"max_episode_steps": 0}}, ".kwargs.max_", "least 1, not 0", None),
        ({"name": "sticky_action", "kwargs": {"repeat_action_probability": 1}}, "", "less than 1, not 1", None),
        ({"name": "frame_skip", "kwargs": {"skip": "4"}}, ".kwargs.skip", "a whole number, not the text '4'", None),
        ({"name": "resize_observation", "kwargs": {"shape": [84]}}, ".kwargs.shape", "must be two whole numbers", None),
        ({"name": "rescale_action", "kwargs": {"min_action": "a"}}, ".kwargs.min_action", "a number, or a list", None),
        ({}, "", 'needs either "name" or "entry_point"', None),
        ({"name": "time_limit", "entry_point": "a:B"}, "", 'needs either "name" or "entry_point"', None),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_at_its_place(given: Any, at: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        entry(**given)
    (fault,) = caught.value.faults
    assert fault.field.startswith(f"environment.wrappers.0{at}")
    assert message in fault.message
    assert (fault.hint or "").startswith(hint or "")


def test_whole_numbers_may_come_with_a_point() -> None:
    assert entry(name="frame_skip", kwargs={"skip": 2.0})["kwargs"] == {"skip": 2.0}


def test_the_json_schema_names_the_wrappers_and_their_arguments() -> None:
    schema = RunConfig.model_json_schema()["$defs"]["WrapperConfig"]
    by_name = {
        rule["if"]["properties"]["name"]["const"]: rule["then"]["properties"]["kwargs"] for rule in schema["allOf"]
    }
    assert set(by_name) == set(KNOWN_WRAPPERS)
    assert by_name["time_limit"]["properties"]["max_episode_steps"]["minimum"] == 1
    assert by_name["time_limit"]["additionalProperties"] is False


def test_the_page_about_wrappers_is_made_from_their_declarations() -> None:
    assert FILE.read_text(encoding="utf-8") == reference()

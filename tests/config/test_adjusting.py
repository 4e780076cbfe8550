"""Lengths and styles: each change has a reason, fits the algorithm, and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.config import ALGORITHMS, PresetStore, RunConfig, apply_overrides, check, load_config, specs_for
from trainer.config.adjusting import Change, adjust, applied, standing
from trainer.config.lengths import LENGTHS
from trainer.config.styles import STYLES
from trainer.errors import ConfigError
from trainer.paths import BUILT_IN_PRESETS


@pytest.fixture
def presets(tmp_path: Path) -> PresetStore:
    return PresetStore(BUILT_IN_PRESETS, tmp_path)


def applied_to(config: RunConfig, path: str, value: object) -> RunConfig:
    return load_config(apply_overrides(config.to_data(), {path: value}))


def by_field(changes: list[Change]) -> dict[str, tuple[object, object]]:
    return {change.field: (change.before, change.after) for change in changes}


def test_every_length_and_style_of_every_shipped_preset_is_valid_and_says_why(presets: PresetStore) -> None:
    for info in presets.list():
        config = presets.load(info.name).config
        pairs = [("standard", style) for style in STYLES] + [(length, "balanced") for length in LENGTHS]
        for length, style in pairs:
            changes = adjust(config, config, length=length, style=style)
            name = (info.name, length, style)
            assert all(change.why.endswith(".") for change in changes), name
            assert all(change.before != change.after for change in changes), name
            assert check(applied(config, changes)) == [], name


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("style", [style for style in STYLES if style != "balanced"])
def test_every_style_changes_something_for_every_algorithm(algorithm: str, style: str) -> None:
    config = load_config({"algorithm": {"name": algorithm}})

    assert adjust(config, config, style=style)


def test_a_length_goes_with_all_that_is_counted_in_steps(presets: PresetStore) -> None:
    preset = presets.load("dqn_pong").config

    quick = applied(preset, adjust(preset, preset, length="quick"))
    long = applied(preset, adjust(preset, preset, length="long"))

    assert quick.training.total_timesteps == 500_000
    assert quick.algorithm.learning_starts == 50_000  # type: ignore[union-attr]
    assert quick.evaluation.frequency == 12_500
    assert long.training.total_timesteps == 30_000_000
    for each in (quick, long):
        for path in ("evaluation.frequency", "video.every_steps"):
            section, name = path.split(".")
            times = [run.training.total_timesteps // getattr(getattr(run, section), name) for run in (preset, each)]
            assert times[0] == times[1], path
    assert adjust(preset, preset, length="standard") == []


def test_choosing_twice_changes_nothing_and_balanced_takes_everything_back(presets: PresetStore) -> None:
    preset = presets.load("ppo_lunarlander").config
    for style in STYLES:
        styled = applied(preset, adjust(preset, preset, style=style))
        assert adjust(styled, preset, style=style) == []
        assert applied(styled, adjust(styled, preset, style="balanced")) == preset
    long = applied(preset, adjust(preset, preset, length="long"))
    assert applied(long, adjust(long, preset, length="standard")) == preset


def test_a_length_keeps_the_style_and_a_style_keeps_the_length(presets: PresetStore) -> None:
    preset = presets.load("dqn_pong").config
    both = applied(preset, adjust(preset, preset, length="long", style="fast"))
    quick = applied(preset, adjust(preset, preset, length="quick"))

    assert standing(both, preset) == ("long", "fast")
    assert both.evaluation.frequency == 1_500_000, "three times the steps, and half as often"
    assert applied(quick, adjust(quick, preset, style="fast")) == applied(
        preset, adjust(preset, preset, length="quick", style="fast")
    )
    assert applied(both, adjust(both, preset, length="standard")) == applied(
        preset, adjust(preset, preset, style="fast")
    )


def test_what_a_form_has_is_known_unless_it_was_changed_by_hand(presets: PresetStore) -> None:
    preset = presets.load("ppo_cartpole").config
    for length in LENGTHS:
        for style in STYLES:
            made = applied(preset, adjust(preset, preset, length=length, style=style))
            assert standing(made, preset) == (length, style)
    by_hand = load_config({**preset.to_data(), "environment": {"id": "CartPole-v1", "n_envs": 3}})
    assert standing(by_hand, preset) == (None, None)


def test_one_style_takes_the_other_back(presets: PresetStore) -> None:
    preset = presets.load("ppo_cartpole").config
    stable = applied(preset, adjust(preset, preset, style="stable"))

    explored = applied(stable, adjust(stable, preset, style="explore"))

    assert explored == applied(preset, adjust(preset, preset, style="explore"))


def test_what_was_set_by_hand_is_only_touched_where_the_style_has_a_value_for_it(presets: PresetStore) -> None:
    preset = presets.load("ppo_cartpole").config
    data = preset.to_data()
    data["algorithm"]["learning_rate"] = 0.123
    data["training"]["seed"] = 9
    own = load_config(data)

    assert "algorithm.learning_rate" not in by_field(adjust(own, preset, style="explore"))
    assert by_field(adjust(own, preset, style="stable"))["algorithm.learning_rate"] == (0.123, "lin_0.0005")
    assert "training.seed" not in by_field(adjust(own, preset, style="balanced"))


def test_another_algorithm_than_the_presets_is_styled_by_its_own_values(presets: PresetStore) -> None:
    preset = presets.load("ppo_cartpole").config
    other = load_config({"algorithm": {"name": "dqn"}})

    changes = by_field(adjust(other, preset, style="explore"))

    assert changes["algorithm.exploration_fraction"] == (0.1, 0.2)


def test_noise_is_added_where_there_is_none_and_strengthened_where_there_is() -> None:
    none = load_config({"algorithm": {"name": "td3"}})
    some = load_config({"algorithm": {"name": "td3", "action_noise": {"kind": "normal", "sigma": 0.1}}})

    assert by_field(adjust(none, none, style="explore"))["algorithm.action_noise.kind"] == ("none", "normal")
    assert by_field(adjust(some, some, style="explore"))["algorithm.action_noise.sigma"] == (0.1, 0.2)


def test_a_style_that_explores_never_explores_less() -> None:
    much = load_config({"algorithm": {"name": "dqn", "exploration_fraction": 0.8, "exploration_final_eps": 0.3}})

    assert not {"algorithm.exploration_fraction", "algorithm.exploration_final_eps"} & set(
        by_field(adjust(much, much, style="explore"))
    )


def test_the_length_of_a_form_with_a_duration_is_counted_in_what_decides(presets: PresetStore) -> None:
    preset = presets.load("ppo_lunarlander").config
    timed = applied_to(preset, "training.duration_seconds", 7200.0)

    assert standing(timed, preset) == (None, None)
    quick = applied(timed, adjust(timed, preset, length="quick"))
    assert quick.training.duration_seconds is None
    assert quick == applied(preset, adjust(preset, preset, length="quick"))
    assert applied(timed, adjust(timed, preset, length="standard")) == preset


def test_a_preset_of_two_hours_is_looked_at_for_six_minutes_and_is_long_in_six_hours() -> None:
    own = load_config({"training": {"duration_seconds": 7200}, "evaluation": {"frequency": 20_000}})

    quick, long = (applied(own, adjust(own, own, length=each)) for each in ("quick", "long"))
    assert (quick.training.duration_seconds, quick.evaluation.frequency) == (360, 1000)
    assert (long.training.duration_seconds, long.evaluation.frequency) == (21_600, 60_000)
    assert quick.training.total_timesteps == long.training.total_timesteps == own.training.total_timesteps
    assert [standing(each, own)[0] for each in (quick, own, long)] == ["quick", "standard", "long"]
    in_steps = applied_to(own, "training.duration_seconds", None)
    assert applied(in_steps, adjust(in_steps, own, length="quick")) == quick


@pytest.mark.parametrize("algorithm", ["ppo", "dqn", "sac", "td3", "trpo", "ars"])
def test_numbers_near_their_end_are_adjusted_no_further(algorithm: str) -> None:
    most = {spec.path: spec.maximum for spec in specs_for(algorithm) if spec.kind == "int" and "batch" not in spec.path}
    own = load_config(apply_overrides({}, {"algorithm.name": algorithm, **most, "environment.n_envs": 1}))
    for length in LENGTHS:
        for style in STYLES:
            assert applied(own, adjust(own, own, length=length, style=style))
    timed = applied_to(own, "training.duration_seconds", 10**9)
    assert applied(timed, adjust(timed, timed, length="long")).training.duration_seconds == 10**9


@pytest.mark.parametrize("asked", [{}, {"style": "bold"}, {"length": "shortish"}])
def test_a_length_or_style_that_does_not_exist_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        adjust(RunConfig(), None, **asked)  # type: ignore[arg-type]

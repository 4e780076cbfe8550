"""A checkpoint is measured on the same episodes every time, and the numbers mean what they say."""

import math

import numpy as np
import pytest
import torch

from tests.tools.direct import train_directly
from trainer.errors import ConfigError, ConflictError
from trainer.tools.choosing import choose
from trainer.tools.draws import begin_draws
from trainer.tools.evaluation import examine, interval, keep, student
from trainer.tools.filming import film
from trainer.tools.progress import CancelledError, Progress
from trainer.tools.results import evaluations_in
from trainer.tools.subject import Subject


def measured(directory, which="newest", **changes):
    wanted = {"episodes": 3, "seeds": (0, 1), "deterministic": True, **changes}
    return examine(Subject.read(directory, which), progress=Progress(), **wanted)


@pytest.fixture(scope="module")
def cartpole(trained_engine, cartpole_run):
    return trained_engine.layout.run(cartpole_run)


def test_the_same_seeds_give_the_same_returns_and_others_give_others(cartpole):
    once, again, others = measured(cartpole), measured(cartpole), measured(cartpole, seeds=(2, 3))
    returns = [row["returns"] for row in once["seeds"]]
    assert returns == [row["returns"] for row in again["seeds"]]
    assert returns[0] != returns[1]
    assert returns != [row["returns"] for row in others["seeds"]]


def test_a_seed_decides_what_a_stochastic_policy_draws(cartpole):
    drawn = [measured(cartpole, seeds=(5,), deterministic=False)["seeds"][0]["returns"] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != measured(cartpole, seeds=(5,))["seeds"][0]["returns"]


@pytest.mark.parametrize("algorithm", ["tqc", "trpo"])
def test_a_seed_decides_what_a_filmed_policy_draws(trained_engine, algorithm):
    """Ours draws from generators of its own, TRPO from those of the process; neither goes on where others stopped."""
    subject = Subject.read(train_directly(trained_engine, algorithm))

    def filmed(episodes, seed):
        torch.randn(seed)
        wanted = {"episodes": episodes, "seed": seed, "deterministic": False, "max_length": 12}
        return [video["episode_return"] for video in film(subject, progress=Progress(), **wanted)["videos"]]

    first, again, others = filmed(2, 3), filmed(1, 3), filmed(1, 4)
    assert first[:1] == again
    assert len({*first, *others}) == 3


def test_what_is_drawn_in_an_episode_does_not_depend_on_those_before_it(trained_engine):
    subject = Subject.read(train_directly(trained_engine, "tqc"))
    with subject.filmed_in(0) as env:
        model, seen = subject.model(env), env.reset()
        begin_draws(model, 5)
        drawn = [model.predict(seen)[0].item() for _ in range(3)]
        begin_draws(model, 5)
        assert [model.predict(seen)[0].item() for _ in range(3)] == drawn
    assert len(set(drawn)) == 3


def test_the_policy_is_the_one_that_the_file_holds(cartpole, trained_engine, cartpole_run):
    """Our measurement of seed 0 is what plain Stable-Baselines3 gets from model.zip in the same episodes."""
    from stable_baselines3 import PPO

    subject = Subject.read(cartpole, "newest")
    model = PPO.load(subject.checkpoint.path / "model.zip", device="cpu")
    with subject.examined_in(0, 1) as env:
        own = subject.model(env)
        observations = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
        ours, theirs = (each.predict(observations, deterministic=True)[0] for each in (own, model))
    assert (ours == theirs).all()


def test_a_normalised_environment_shows_what_training_showed(trained_engine, pendulum_run):
    subject = Subject.read(trained_engine.layout.run(pendulum_run))
    kept = subject.state["normalization"]["observation"][""]
    with subject.examined_in(0, 1) as env:
        seen = env.reset()
        raw = env.get_original_obs()
    epsilon = subject.config.environment.normalize_epsilon
    assert kept["count"] > 100
    assert np.allclose(seen, (raw - kept["mean"]) / np.sqrt(kept["var"] + epsilon), atol=1e-6)


def test_results_are_kept_newest_first_and_a_damaged_one_is_passed_over(cartpole):
    first, second = (keep(cartpole, measured(cartpole, episodes=1, seeds=(seed,))) for seed in (7, 8))
    listed = evaluations_in(cartpole)
    assert [each["file"] for each in listed][:2] == [second.name, first.name]
    assert listed[0]["all"]["episodes"] == 1
    assert listed[0]["all"]["interval"] is None
    second.write_text(second.read_text().replace('"episodes": 1', '"episodes": 9'))
    assert next(each["file"] for each in evaluations_in(cartpole)) == first.name


def test_a_cancelled_measurement_leaves_nothing(cartpole):
    progress = Progress(lambda fraction, _words: fraction > 0.0 and progress.cancel())
    before = len(evaluations_in(cartpole))
    with pytest.raises(CancelledError):
        examine(Subject.read(cartpole), episodes=500, seeds=(0,), deterministic=True, progress=progress)
    assert len(evaluations_in(cartpole)) == before


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (29, 2.045)])
def test_students_quantiles_are_those_of_the_tables(freedom, quantile):
    assert student(freedom) == pytest.approx(quantile, abs=6e-4)


def test_the_interval_holds_the_mean_in_95_of_100_cases():
    draws = np.random.default_rng(0).normal(10.0, 3.0, size=(4_000, 5))
    hits = sum(low <= 10.0 <= high for low, high in map(interval, draws))
    assert 0.94 < hits / len(draws) < 0.96
    assert interval([1.0]) is None
    assert math.isclose(sum(interval([1.0, 3.0])) / 2, 2.0)


def test_checkpoints_are_named_by_age_by_result_and_by_step(cartpole):
    steps = [512, 768, 1024]
    assert choose(cartpole, "newest").step == 1024
    assert choose(cartpole, "best").mean_return == max(
        each.mean_return for each in (choose(cartpole, step) for step in steps) if each.mean_return is not None
    )
    assert choose(cartpole, "1_024").step == 1024


def test_a_checkpoint_that_is_not_there_is_refused_with_those_that_are(cartpole, tmp_path):
    with pytest.raises(ConfigError) as caught:
        choose(cartpole, 7)
    assert "1,024" in caught.value.faults[0].hint
    for nonsense in ("latest", "9" * 5_000, 10**18, True):
        with pytest.raises(ConfigError) as caught:
            choose(cartpole, nonsense)
        assert "names no checkpoint" in caught.value.faults[0].message
        assert len(caught.value.faults[0].message) < 100
    with pytest.raises(ConflictError, match="no checkpoint yet"):
        choose(tmp_path, "newest")

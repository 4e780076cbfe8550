"""A run that is killed and resumed is the very run that it would have been; the long proof is `bench exactness`."""

import pytest

from bench.exactness import CASES, Case, compare, train

STEPS = {"ppo": 20_000, "dqn": 6_000, "sac": 800}
EVERY = {"ppo": 1_000, "dqn": 500, "sac": 100}


@pytest.mark.parametrize("name", CASES)
def test_two_kills_change_nothing(name):
    case = Case(CASES[name].preset, EVERY[name], {**CASES[name].changes, "evaluation.frequency": STEPS[name] // 3})
    straight = train(case, STEPS[name], kills=0)
    killed = train(case, STEPS[name], kills=2, seed=1)
    assert compare(straight, killed) == []
    assert killed.kills == 2
    assert len(straight.points) > 20
    assert len(straight.weights) > 10

"""What a model in Stable-Baselines3's own loops keeps outside of itself comes back from a checkpoint."""

import numpy as np
import pytest

from trainer.algorithms import process_state
from trainer.algorithms.state import capture, restore

DDPG = {
    "name": "ddpg",
    "learning_starts": 0,
    "buffer_size": 500,
    "batch_size": 8,
    "action_noise": {"kind": "ornstein_uhlenbeck"},
}


@pytest.mark.parametrize("copies", [1, 3])
def test_noise_that_wanders_goes_on_where_it_was(build, copies):
    own = {"replay_buffer_class": "stable_baselines3.common.buffers:ReplayBuffer"}

    def made(algorithm):
        return build({"id": "Pendulum-v1", "n_envs": copies}, algorithm, policy={"net_arch": [8]})

    model, learner = made({**DDPG, **own})
    for _ in range(5):
        learner.iterate()
    state = capture(model)
    assert state["noise"].shape == (copies, 1)
    assert np.all(state["noise"] != 0)

    again, _ = made({**DDPG, **own})
    restore(again, state, same_episodes=True)
    np.testing.assert_array_equal(process_state.capture_noise(again), state["noise"])
    restore(again, state | {"noise": np.zeros_like(state["noise"])}, same_episodes=True, same_noise=False)
    np.testing.assert_array_equal(process_state.capture_noise(again), state["noise"])

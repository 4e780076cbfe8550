"""How many of PyTorch's threads a run calculates with."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from trainer.algorithms import threads

CARTPOLE = {"id": "CartPole-v1"}
PENDULUM = {"id": "Pendulum-v1"}


@pytest.fixture(autouse=True)
def _as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("environment", "algorithm", "is_small"),
    [
        ({**CARTPOLE, "n_envs": 8}, {"name": "ppo", "batch_size": 256}, True),
        ({**CARTPOLE, "n_envs": 8}, {"name": "a2c"}, True),
        ({**CARTPOLE, "n_envs": 8}, {"name": "ppo", "n_steps": 512, "batch_size": 4096}, False),
        (CARTPOLE, {"name": "trpo"}, True),
        (CARTPOLE, {"name": "recurrent_ppo"}, True),
        (CARTPOLE, {"name": "ars"}, True),
        (CARTPOLE, {"name": "dqn", "buffer_size": 1000, "batch_size": 256}, False),
        (PENDULUM, {"name": "sac", "buffer_size": 1000}, False),
        (PENDULUM, {"name": "td3", "buffer_size": 1000}, False),
    ],
    ids=lambda value: value.get("name") if isinstance(value, dict) else None,
)
def test_small_networks_take_one_thread_and_large_ones_all(build, monkeypatch, environment, algorithm, is_small):
    monkeypatch.setattr(threads, "_CHOSEN_BY_PYTORCH", 3)
    model, _ = build(environment, algorithm)
    assert threads.use_threads(model, 0) == (1 if is_small else 3)
    assert torch.get_num_threads() == (1 if is_small else 3)


def test_what_the_configuration_says_stands(build):
    model, _ = build(CARTPOLE, {"name": "ppo"})
    assert threads.use_threads(model, 2) == 2


def test_runs_side_by_side_keep_numbers_of_their_own(build):
    model, _ = build(CARTPOLE, {"name": "ppo"})
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        one.submit(threads.use_threads, model, 1).result()
        other.submit(threads.use_threads, model, 2).result()
        assert one.submit(torch.get_num_threads).result() == 1
        assert other.submit(torch.get_num_threads).result() == 2


@pytest.mark.parametrize(("environment", "name"), [(CARTPOLE, "ppo"), ({"id": "ALE/Pong-v5", "frame_stack": 4}, "a2c")])
def test_first_weights_do_not_depend_on_the_threads_of_whoever_builds(build, environment, name):
    def weights():
        model, _ = build(environment, {"name": name})
        return {key: tensor.clone() for key, tensor in model.policy.state_dict().items()}

    torch.set_num_threads(1)
    alone = weights()
    torch.set_num_threads(2)
    together = weights()
    assert torch.get_num_threads() == 2
    assert [key for key, tensor in alone.items() if not torch.equal(tensor, together[key])] == []

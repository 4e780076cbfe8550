"""The parts of the fast core against what they stand in for."""

import copy
import itertools

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import NStepReplayBuffer, RolloutBuffer
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.torch_layers import NatureCNN
from torch import nn

from trainer.algorithms.fast.arena import Arena, ArenaOptimizer
from trainer.algorithms.fast.core import Core, Generators
from trainer.algorithms.fast.densities import Categorical
from trainer.algorithms.fast.features import ModuleFeatures, NatureFeatures, features_of
from trainer.algorithms.fast.mlp import Perceptron, Stack
from trainer.algorithms.fast.noise import ExplorationNoise
from trainer.algorithms.fast.precision import Precision, has_bf16
from trainer.algorithms.fast.replay import FrameReplay, Replay, SharedReplay
from trainer.algorithms.fast.rollout import Rollout
from trainer.algorithms.fast.stepping import ClippedStep
from trainer.errors import ConfigError

BOX = spaces.Box(-1, 1, (3,), np.float32)
CPU = torch.device("cpu")
KWARGS = {"handle_timeout_termination": False}


def _chain(sizes, activation, output=None):
    layers = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers[:-1], *([output()] if output else []))


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
@pytest.mark.parametrize("output", [None, nn.Tanh, nn.ReLU])
@pytest.mark.parametrize(("sizes", "batch"), [((3, 16, 8, 2), 5), ((4, 256, 256, 1), 256)])
@pytest.mark.parametrize("heads", [1, 2])
def test_stacked_perceptrons_have_the_gradients_of_autograd(activation, output, sizes, batch, heads):
    networks = [_chain(sizes, activation, output) for _ in range(heads)]
    references = copy.deepcopy(networks)
    arena = Arena.for_parameters([parameter for network in networks for parameter in network.parameters()])
    stack = Stack([Perceptron.of(list(network)) for network in networks], arena)
    inputs = np.random.default_rng(0).standard_normal((batch, sizes[0])).astype(np.float32)
    tensor = torch.tensor(inputs, requires_grad=True)
    expected = torch.stack([reference(tensor) for reference in references])
    outputs = stack.forward(inputs)
    np.testing.assert_allclose(outputs, expected.detach().numpy(), atol=1e-5)
    upstream = np.random.default_rng(1).standard_normal(outputs.shape).astype(np.float32)
    rows = np.arange(0, batch, 2)
    some = stack.input_gradients(heads - 1, rows, upstream[heads - 1, rows])
    slopes = np.empty((heads, batch, sizes[0]), np.float32)
    stack.backward(upstream, inputs=slopes)
    expected.backward(torch.tensor(upstream))
    np.testing.assert_allclose(slopes.sum(axis=0), tensor.grad.numpy(), atol=1e-3)
    np.testing.assert_allclose(some, slopes[heads - 1, rows], atol=1e-4)
    for network, reference in zip(networks, references, strict=True):
        for ours, theirs in zip(network.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "layers",
    [[nn.Linear(2, 2), nn.GELU(), nn.Linear(2, 1)], [nn.Linear(2, 2, bias=False)], [], [nn.Tanh(), nn.Linear(2, 2)]],
)
def test_what_is_no_plain_perceptron_is_left_to_autograd(layers):
    assert Perceptron.of(layers) is None


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (torch.optim.Adam, {"lr": 1e-2}),
        (torch.optim.Adam, {"lr": 1e-2, "betas": (0.8, 0.9), "eps": 1e-5, "weight_decay": 0.1}),
        (torch.optim.RMSprop, {"lr": 1e-2, "alpha": 0.99, "eps": 1e-5}),
        (RMSpropTFLike, {"lr": 1e-2, "alpha": 0.95, "eps": 1e-5}),
    ],
)
def test_an_arena_steps_as_the_optimiser_would(kind, arguments):
    network = _chain((3, 8, 2), nn.Tanh)
    reference = copy.deepcopy(network)
    optimizer, expected = kind(network.parameters(), **arguments), kind(reference.parameters(), **arguments)
    arena = Arena.for_parameters(list(network.parameters()))
    Stack([Perceptron.of(list(network))], arena)
    steps = ArenaOptimizer(arena, optimizer)
    for step in range(10):
        for ours, theirs in zip(network.parameters(), reference.parameters(), strict=True):
            gradient = torch.randn(ours.shape, generator=torch.Generator().manual_seed(step))
            ours.grad.copy_(gradient)
            theirs.grad = gradient.clone()
        arena.clip_gradients(1.5)
        nn.utils.clip_grad_norm_(reference.parameters(), 1.5)
        steps.step()
        expected.step()
    for ours, theirs in zip(network.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
        for name, value in expected.state[theirs].items():
            found = optimizer.state[ours][name]
            torch.testing.assert_close(found, torch.as_tensor(value), rtol=1e-4, atol=1e-6, check_dtype=False)


def test_other_optimisers_are_left_to_pytorch():
    parameters = [nn.Parameter(torch.zeros(2))]
    assert not ArenaOptimizer.supports(torch.optim.SGD(parameters, lr=0.1))
    assert not ArenaOptimizer.supports(torch.optim.AdamW(parameters, lr=0.1))
    assert not ArenaOptimizer.supports(torch.optim.Adam(parameters, lr=0.1, amsgrad=True))
    assert not ArenaOptimizer.supports(torch.optim.Adam(parameters, lr=0.1, decoupled_weight_decay=True))
    assert not ArenaOptimizer.supports(torch.optim.RMSprop(parameters, lr=0.1, momentum=0.9))


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("max_norm", [None, 0.3, 1e9])
def test_clipping_and_stepping_together_is_clipping_and_then_stepping(kind, max_norm):
    network = _chain((3, 8, 2), nn.ReLU)
    reference = copy.deepcopy(network)
    optimizer, expected = kind(network.parameters(), lr=1e-2), kind(reference.parameters(), lr=1e-2)
    ours = ClippedStep(optimizer, max_norm)
    inputs = torch.randn(16, 3, generator=torch.Generator().manual_seed(0))
    for _ in range(5):
        ours.zero_grad()
        network(inputs).square().mean().backward()
        ours.step()
        expected.zero_grad()
        reference(inputs).square().mean().backward()
        if max_norm is not None:
            nn.utils.clip_grad_norm_(reference.parameters(), max_norm)
        expected.step()
    for one, other in zip(network.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


class _Owner:
    normalize_images = True
    observation_space = spaces.Box(0, 255, (4, 84, 84), np.uint8)


@pytest.mark.parametrize(("bf16", "tolerance"), [(False, 1e-5), (True, 0.05)])
@pytest.mark.parametrize("size", [(84, 84), (84, 80), (64, 96)], ids=str)  # even and odd columns, and not square
def test_the_nature_network_by_hand_is_the_module(monkeypatch, size, bf16, tolerance):
    monkeypatch.setattr(_Owner, "observation_space", spaces.Box(0, 255, (4, *size), np.uint8))
    extractor = NatureCNN(_Owner.observation_space, 64)
    reference = copy.deepcopy(extractor)
    images = torch.randint(0, 256, (6, 4, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    core = Core(Generators(0, CPU), Precision(bf16, "cpu"))
    features = features_of(_Owner(), extractor, core)
    assert isinstance(features, NatureFeatures)
    found, expected = features(features.arrange(images)), reference(images.float() / 255)
    assert float((found - expected).detach().abs().max()) <= tolerance * float(expected.detach().abs().max())
    found.square().sum().backward()
    expected.square().sum().backward()
    for ours, theirs in zip(extractor.parameters(), reference.parameters(), strict=True):
        assert float((ours.grad - theirs.grad).abs().max()) <= 2 * tolerance * float(theirs.grad.abs().max())
    frames = torch.cat([images, images[:, :1]], dim=1)
    for one, both in zip((images, frames[:, 1:]), features.arrange_both(frames, 4), strict=True):
        torch.testing.assert_close(both, features.arrange(one))
    for part in (images, images[:2]):
        with torch.no_grad():
            extractor.linear[0].weight += 0.01  # what is frozen is what it is now
            with torch.enable_grad():
                expected = features(features.arrange(part)).detach()
            features.freeze()
            for _ in range(2):
                frozen = features(features.arrange(part))
                assert float((frozen - expected).abs().max()) <= tolerance * float(expected.abs().max())


def test_where_nothing_compiles_the_run_goes_on_with_a_note(monkeypatch):
    def broken(*_args, **_kwargs):
        def fail(_images):
            raise RuntimeError("No working C++ compiler found")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    core = Core(Generators(0, CPU), Precision(False, "cpu"), compiled=True)
    features = features_of(_Owner(), NatureCNN(_Owner.observation_space, 64), core)
    assert isinstance(features, NatureFeatures)
    assert core.notes == ["The networks are not compiled: No working C++ compiler found"]


def test_a_compiled_network_is_used_where_it_compiles(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda module, **_: module)
    core = Core(Generators(0, CPU), Precision(False, "cpu"), compiled=True)
    features = features_of(_Owner(), NatureCNN(_Owner.observation_space, 64), core)
    assert isinstance(features, ModuleFeatures)
    assert core.notes == []


def test_a_draw_of_zero_does_not_choose_an_action_that_has_no_chance():
    class Zero:
        def standard_exponential(self, shape, dtype):
            return np.array([[1.0, 0.0]], dtype=dtype)

    with np.errstate(all="raise"):
        assert Categorical(Zero()).sample(np.array([[0.0, -40.0]], dtype=np.float32)) == [0]


def test_auto_precision_is_bf16_for_images_where_the_hardware_has_it():
    assert Precision.decide("auto", CPU, images=True).bf16 == has_bf16(CPU)
    assert Precision.decide("auto", CPU, images=False).name == "fp32"
    assert Precision.decide("bf16", CPU, images=False).name == "bf16"
    assert Precision.decide("fp32", CPU, images=True).name == "fp32"


def test_advantages_are_those_of_stable_baselines3():
    generator = np.random.default_rng(0)
    steps, copies = 20, 3
    ours = Rollout(steps, copies, BOX, BOX, 0.97, 0.9)
    theirs = RolloutBuffer(steps, BOX, BOX, "cpu", 0.9, 0.97, copies)
    starts = np.ones(copies)
    for step in range(steps):
        observation, action = generator.standard_normal((2, copies, 3)).astype(np.float32)
        reward, value, log_prob = generator.standard_normal((3, copies)).astype(np.float32)
        done = generator.random(copies) < 0.2
        ours.add(step, observation, action, reward, value, log_prob, done)
        theirs.add(observation, action, reward, starts, torch.from_numpy(value), torch.from_numpy(log_prob))
        starts = done
    last = generator.standard_normal(copies).astype(np.float32)
    ours.finish(last)
    theirs.compute_returns_and_advantage(torch.from_numpy(last), starts)
    np.testing.assert_allclose(ours.advantages, theirs.advantages, atol=1e-5)
    np.testing.assert_allclose(ours.returns, theirs.returns, atol=1e-5)


def _noise(description, draws, copies):
    noise = ExplorationNoise(description, copies, np.random.default_rng(3))
    return np.stack([noise.draw() for _ in range(draws)])


def test_normal_noise_has_its_mean_and_deviation_and_no_memory():
    drawn = _noise(NormalActionNoise(np.array([1.0, -1.0]), np.array([0.5, 0.1])), 4000, 2)
    np.testing.assert_allclose(drawn.mean(axis=(0, 1)), [1.0, -1.0], atol=0.03)
    np.testing.assert_allclose(drawn.std(axis=(0, 1)), [0.5, 0.1], atol=0.02)
    assert abs(np.corrcoef(drawn[1:, 0, 0], drawn[:-1, 0, 0])[0, 1]) < 0.1
    assert abs(np.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1]) < 0.1


def test_ornstein_uhlenbeck_noise_walks_as_stable_baselines3_has_it(monkeypatch):
    theirs = OrnsteinUhlenbeckActionNoise(np.array([0.3]), np.array([0.2]), theta=0.4, dt=0.1)
    same = np.random.default_rng(3)
    monkeypatch.setattr(np.random, "normal", lambda size: same.standard_normal(size))
    expected = np.stack([theirs() for _ in range(50)])
    drawn = _noise(OrnsteinUhlenbeckActionNoise(np.array([0.3]), np.array([0.2]), theta=0.4, dt=0.1), 50, 1)
    np.testing.assert_allclose(drawn[:, 0], expected, atol=1e-6)


def test_restarted_noise_begins_at_its_start_in_that_copy_alone():
    description = OrnsteinUhlenbeckActionNoise(np.zeros(1), np.zeros(1), theta=1.0, dt=0.5, initial_noise=np.ones(1))
    noise = ExplorationNoise(description, 2, np.random.default_rng(0))
    noise.draw()
    noise.restart(1)
    np.testing.assert_allclose(noise.draw(), [[0.25], [0.5]])


# Replay


class _Game:
    """Stacked 8 x 8 pictures of several copies; episodes end, are cut off, or go on after a lost life."""

    def __init__(self, copies, seed=0, p_end=0.1):
        self.generator = np.random.default_rng(seed)
        self.copies, self.p_end = copies, p_end
        self.stack = np.zeros((copies, 4, 8, 8), np.uint8)
        for copy_index in range(copies):
            self._reset(copy_index)

    def _frame(self):
        return self.generator.integers(0, 256, (8, 8), dtype=np.uint8)

    def _reset(self, copy_index):
        self.stack[copy_index] = 0
        self.stack[copy_index, -1] = self._frame()

    def step(self):
        before = self.stack.copy()
        self.stack[:, :-1] = self.stack[:, 1:]
        for copy_index in range(self.copies):
            self.stack[copy_index, -1] = self._frame()
        following = self.stack.copy()
        dones = self.generator.random(self.copies) < self.p_end
        infos = [{"TimeLimit.truncated": bool(self.generator.random() < 0.5)} for _ in range(self.copies)]
        for copy_index in np.flatnonzero(dones):
            if self.generator.random() < 0.7:  # else a life is lost and the game goes on
                self._reset(copy_index)
        rewards = self.generator.standard_normal(self.copies).astype(np.float32)
        return before, following, self.generator.integers(0, 3, self.copies), rewards, dones, infos


@pytest.mark.parametrize("p_end", [0.02, 0.3, 0.9])
def test_frames_stored_once_give_back_the_same_transitions(p_end):
    space, actions = spaces.Box(0, 255, (4, 8, 8), np.uint8), spaces.Discrete(3)
    frames = FrameReplay(4, 150, space, actions, 3, np.random.default_rng(5), gamma=0.99)
    game, seen = _Game(3, p_end=p_end), []
    for _ in range(400):
        step = game.step()
        seen.append(step)
        frames.add(*step)
    batch = frames.sample(500)
    by_reward = {
        float(step[3][copy_index]): (step, copy_index) for step in seen[-frames.steps :] for copy_index in range(3)
    }
    for row in range(500):
        step, copy_index = by_reward[float(batch.rewards[row])]
        np.testing.assert_array_equal(batch.observations[row], step[0][copy_index])
        np.testing.assert_array_equal(batch.next_observations[row], step[1][copy_index])
        np.testing.assert_array_equal(batch.frames[row], [*step[0][copy_index], step[1][copy_index][-1]])
        assert batch.actions[row, 0] == step[2][copy_index]
        cut = step[5][copy_index]["TimeLimit.truncated"]
        assert batch.ends[row] == float(step[4][copy_index] and not cut)
    assert len({float(reward) for reward in batch.rewards}) > (60 if p_end < 0.5 else 15)


def test_frames_take_a_quarter_of_the_memory():
    space = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    replay = FrameReplay(4, 10_000, space, spaces.Discrete(3), 8, np.random.default_rng(0), gamma=0.99)
    stable_baselines3 = 2 * 10_000 * 4 * 84 * 84
    assert replay._frames.nbytes < 0.14 * stable_baselines3


def _filled(replay, steps, copies, seed=0):
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        before, after = generator.standard_normal((2, copies, 3)).astype(np.float32)
        dones = generator.random(copies) < 0.15
        infos = [{"TimeLimit.truncated": bool(done and generator.random() < 0.5)} for done in dones]
        rewards = generator.standard_normal(copies).astype(np.float32)
        replay.add(before, after, generator.standard_normal((copies, 3)).astype(np.float32), rewards, dones, infos)
    return replay


@pytest.mark.parametrize("steps", [20, 130])
def test_n_step_returns_are_those_of_stable_baselines3(steps):
    ours = _filled(Replay(200, BOX, BOX, 2, np.random.default_rng(1), gamma=0.9, n_steps=3), steps, 2)
    theirs = NStepReplayBuffer(200, BOX, BOX, "cpu", 2, n_steps=3, gamma=0.9)

    class _Adapter:
        def add(self, before, after, actions, rewards, dones, infos):
            theirs.add(before, after, actions, rewards, dones, infos)

    _filled(_Adapter(), steps, 2)
    batch = ours.sample(300)
    rows = {float(ours._flat_before[i][0]): i for i in range(len(ours._flat_before))}
    indices = np.array([rows[float(first)] for first in batch.observations[:, 0]])
    copies = iter([indices % 2])
    real = np.random.randint
    np.random.randint = lambda *args, **kwargs: next(copies)
    try:
        expected = theirs._get_samples(indices // 2)
    finally:
        np.random.randint = real
    np.testing.assert_allclose(batch.rewards, expected.rewards.numpy()[:, 0], atol=1e-5)
    np.testing.assert_allclose(batch.ends, expected.dones.numpy()[:, 0])
    going_on = batch.ends == 0
    np.testing.assert_allclose(batch.discounts[going_on], expected.discounts.numpy()[going_on, 0], atol=1e-6)
    np.testing.assert_array_equal(batch.next_observations[going_on], expected.next_observations.numpy()[going_on])


def test_observations_shared_between_steps_are_the_same_where_anything_follows():
    generator = np.random.default_rng(0)
    replay = SharedReplay(40, BOX, BOX, 2, np.random.default_rng(1), gamma=0.9, bootstrap_when_cut=False)
    before = generator.standard_normal((2, 3)).astype(np.float32)
    seen = {}
    for _ in range(70):
        following = generator.standard_normal((2, 3)).astype(np.float32)
        dones = generator.random(2) < 0.2
        infos = [{"TimeLimit.truncated": bool(done)} for done in dones]
        replay.add(before, following, np.zeros((2, 3)), np.zeros(2), dones, infos)
        for copy_index in range(2):
            seen[float(before[copy_index, 0])] = (following[copy_index], dones[copy_index])
        before = np.where(dones[:, None], generator.standard_normal((2, 3)).astype(np.float32), following)
    batch = replay.sample(400)
    for row in range(400):
        following, done = seen[float(batch.observations[row, 0])]
        assert batch.ends[row] == done
        if not done:
            np.testing.assert_array_equal(batch.next_observations[row], following)
    assert len(np.unique(batch.observations[:, 0])) == 38


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({}, Replay), ({"optimize_memory_usage": True, "replay_buffer_kwargs": KWARGS}, SharedReplay)],
)
def test_the_replay_buffer_follows_the_configuration(build, arguments, kind):
    model, _ = build({"id": "CartPole-v1"}, {"name": "dqn", "buffer_size": 100, **arguments})
    assert type(model.buffer) is kind
    assert model.buffer._bootstraps == (kind is Replay)


def test_arguments_that_the_replay_buffer_does_not_have_are_refused(build):
    with pytest.raises(ConfigError, match="knows no colour"):
        build({"id": "CartPole-v1"}, {"name": "dqn", "replay_buffer_kwargs": {"colour": "red"}})


def test_dictionaries_are_stored_key_by_key():
    space = spaces.Dict({"a": BOX, "b": spaces.Box(0, 255, (4, 4), np.uint8)})
    replay = Replay(10, space, BOX, 2, np.random.default_rng(0), gamma=0.9)
    observation = {"a": np.ones((2, 3), np.float32), "b": np.full((2, 4, 4), 7, np.uint8)}
    following = {"a": np.zeros((2, 3), np.float32), "b": np.full((2, 4, 4), 9, np.uint8)}
    replay.add(observation, following, np.zeros((2, 3)), np.zeros(2), np.zeros(2, bool), [{}, {}])
    batch = replay.sample(4)
    assert batch.observations["b"].shape == (4, 4, 4)
    assert set(np.unique(batch.next_observations["b"])) == {9}


def test_a_replay_buffer_that_does_not_fit_is_refused_before_it_is_made():
    with pytest.raises(ConfigError) as refused:
        Replay(10**12, BOX, BOX, 1, np.random.default_rng(0), gamma=0.9)
    fault = refused.value.faults[0]
    assert fault.field == "algorithm.buffer_size"
    assert "GB of memory are needed for 1,000,000,000,000 transitions" in fault.message
    assert "fit" in fault.hint

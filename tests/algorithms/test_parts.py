"""The parts of the fast core against what they stand in for."""

import copy
import itertools

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
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
from trainer.algorithms.fast.rollout import Rollout
from trainer.algorithms.fast.stepping import ClippedStep

BOX = spaces.Box(-1, 1, (3,), np.float32)
CPU = torch.device("cpu")


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

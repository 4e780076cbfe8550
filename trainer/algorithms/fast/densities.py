"""Action distributions in NumPy, with gradients written by hand: discrete actions and Gaussian ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.algorithms.fast.arena import Arena, Floats

_SHORTEST_WAIT = np.float32(2.0**-24)  # the precision of the draws


class Categorical:
    """Discrete actions: the network's outputs are logits."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._actions: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._log_probs: Floats = np.empty(0, dtype=np.float32)
        self._probs: Floats = self._log_probs
        self._entropy: Floats = self._log_probs

    def sample(self, logits: Floats) -> NDArray[np.int64]:
        """Draw one action for each row of logits."""
        # Gumbel's trick with its logarithm of an exponential: the largest of logit - log(E) has the softmax's odds.
        waits = self._generator.standard_exponential(logits.shape, dtype=np.float32)
        # One draw in ten millions is 0, which would choose an action however unlikely it is.
        np.maximum(waits, _SHORTEST_WAIT, out=waits)
        chosen: NDArray[np.int64] = np.argmax(logits - np.log(waits), axis=1)
        return chosen

    def best(self, logits: Floats) -> NDArray[np.int64]:
        """Return the most likely action for each row of logits."""
        chosen: NDArray[np.int64] = np.argmax(logits, axis=1)
        return chosen

    def evaluate(self, logits: Floats, actions: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return the actions' log-probabilities and the entropies, each (batch,); remembered for `backward`."""
        shifted = logits - logits.max(axis=1, keepdims=True)
        probs = np.exp(shifted)
        total = probs.sum(axis=1, keepdims=True)
        probs /= total
        log_probs = shifted - np.log(total)
        self._actions = actions.reshape(-1, 1).astype(np.int64, copy=False)
        self._probs, self._log_probs = probs, log_probs
        self._entropy = -(probs * log_probs).sum(axis=1)
        chosen: Floats = np.take_along_axis(log_probs, self._actions, axis=1)[:, 0]
        return chosen, self._entropy

    def backward(self, log_prob_gradients: Floats, entropy_gradient: float) -> Floats:
        """Return the gradient with respect to the logits.

        :param entropy_gradient: the same for every row
        """
        gradients = self._probs * -log_prob_gradients[:, None]
        chosen = np.take_along_axis(gradients, self._actions, axis=1) + log_prob_gradients[:, None]
        np.put_along_axis(gradients, self._actions, chosen, axis=1)
        if entropy_gradient:
            gradients -= np.float32(entropy_gradient) * self._probs * (self._log_probs + self._entropy[:, None])
        return gradients


class Gaussian:
    """Continuous actions: the network's outputs are means, the deviations are parameters."""

    def __init__(self, generator: np.random.Generator, log_std: torch.nn.Parameter, arena: Arena) -> None:
        self._generator = generator
        values, gradients = arena.adopt([log_std])
        self._log_std, self._log_std_gradients = values[0], gradients[0]
        self._offset = 0.5 * math.log(2 * math.pi)
        self._scaled: Floats = np.empty(0, dtype=np.float32)

    def sample(self, means: Floats) -> Floats:
        """Draw one action for each row of means."""
        noise = self._generator.standard_normal(means.shape, dtype=np.float32)
        sampled: Floats = means + np.exp(self._log_std) * noise
        return sampled

    def best(self, means: Floats) -> Floats:
        """Return the most likely action for each row of means."""
        likely: Floats = means.copy()
        return likely

    def evaluate(self, means: Floats, actions: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return the actions' log-probabilities and the entropies, each (batch,); remembered for `backward`."""
        self._scaled = (actions - means) / np.exp(self._log_std)
        each = -0.5 * self._scaled * self._scaled - self._log_std - np.float32(self._offset)
        entropy = np.float32((self._log_std + np.float32(0.5 + self._offset)).sum())
        return each.sum(axis=1), np.full(len(means), entropy, dtype=np.float32)

    def backward(self, log_prob_gradients: Floats, entropy_gradient: float) -> Floats:
        """Return the gradient with respect to the means, and write that of the deviations into the arena.

        :param entropy_gradient: the same for every row
        """
        weighted = self._scaled * log_prob_gradients[:, None]
        squares = weighted * self._scaled
        np.sum(squares, axis=0, out=self._log_std_gradients)
        self._log_std_gradients -= log_prob_gradients.sum()
        self._log_std_gradients += np.float32(entropy_gradient * len(weighted))
        weighted /= np.exp(self._log_std)
        return weighted

"""Stable-Baselines3's algorithms with their own collect and update, several times as fast.

Every class here is a subclass of the algorithm whose name it has, keeps its hyperparameters and its mathematics, and
saves files that plain Stable-Baselines3 loads. `build_model` chooses them; docs/performance.md tells what they gain.

core.py          what a model is given (generators, precision, timing) and how it saves without it
on_policy.py     collecting for PPO and A2C;   ppo.py, a2c.py           their updates
off_policy.py    collecting for the others;    dqn.py, td3.py, sac.py   their updates (DDPG is in td3.py)
soft.py          what SAC shares with tqc.py and crossq.py; qrdqn.py stands on dqn.py
actor_critic.py  the policies of PPO and A2C;  continuous.py            the critics of DDPG, TD3 and SAC
mlp.py           small networks by hand;       features.py              image networks
arena.py, stepping.py                          parameters in one vector, optimisers
rollout.py, replay.py                          what has been collected
"""

from __future__ import annotations

from trainer.algorithms.fast.a2c import A2C
from trainer.algorithms.fast.core import Core, Fast, Generators
from trainer.algorithms.fast.crossq import CrossQ
from trainer.algorithms.fast.dqn import DQN
from trainer.algorithms.fast.ppo import PPO
from trainer.algorithms.fast.precision import Precision
from trainer.algorithms.fast.qrdqn import QRDQN
from trainer.algorithms.fast.sac import SAC
from trainer.algorithms.fast.td3 import DDPG, TD3
from trainer.algorithms.fast.tqc import TQC

__all__ = [
    "A2C",
    "DDPG",
    "DQN",
    "PPO",
    "QRDQN",
    "SAC",
    "TD3",
    "TQC",
    "Core",
    "CrossQ",
    "Fast",
    "Generators",
    "Precision",
]

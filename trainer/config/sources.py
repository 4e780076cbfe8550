"""Where the help texts point: documentation pages and papers, named once."""

from __future__ import annotations

_SB3 = "https://stable-baselines3.readthedocs.io/en/master"

SB3_PPO = f"Stable-Baselines3 docs, PPO: {_SB3}/modules/ppo.html"
SB3_A2C = f"Stable-Baselines3 docs, A2C: {_SB3}/modules/a2c.html"
SB3_DQN = f"Stable-Baselines3 docs, DQN: {_SB3}/modules/dqn.html"
SB3_DDPG = f"Stable-Baselines3 docs, DDPG: {_SB3}/modules/ddpg.html"
SB3_TD3 = f"Stable-Baselines3 docs, TD3: {_SB3}/modules/td3.html"
SB3_SAC = f"Stable-Baselines3 docs, SAC: {_SB3}/modules/sac.html"
SB3_ALGORITHMS = f"Stable-Baselines3 docs, algorithms: {_SB3}/guide/algos.html"
SB3_BASE = f"Stable-Baselines3 docs, base class: {_SB3}/modules/base.html"
SB3_POLICIES = f"Stable-Baselines3 docs, policy networks: {_SB3}/guide/custom_policy.html"
SB3_VEC_ENVS = f"Stable-Baselines3 docs, vectorized environments: {_SB3}/guide/vec_envs.html"
SB3_NOISE = f"Stable-Baselines3 docs, action noise: {_SB3}/common/noise.html"
SB3_CALLBACKS = f"Stable-Baselines3 docs, callbacks: {_SB3}/guide/callbacks.html"
SB3_EVALUATION = f"Stable-Baselines3 docs, evaluation helper: {_SB3}/common/evaluation.html"
SB3_TENSORBOARD = f"Stable-Baselines3 docs, TensorBoard: {_SB3}/guide/tensorboard.html"
SB3_TIPS = f"Stable-Baselines3 docs, tips and tricks: {_SB3}/guide/rl_tips.html"

SB3_HER = f"Stable-Baselines3 docs, HER: {_SB3}/modules/her.html"

_CONTRIB = "https://sb3-contrib.readthedocs.io/en/master"

CONTRIB_QRDQN = f"SB3-Contrib docs, QR-DQN: {_CONTRIB}/modules/qrdqn.html"
CONTRIB_TQC = f"SB3-Contrib docs, TQC: {_CONTRIB}/modules/tqc.html"
CONTRIB_TRPO = f"SB3-Contrib docs, TRPO: {_CONTRIB}/modules/trpo.html"
CONTRIB_RECURRENT = f"SB3-Contrib docs, Recurrent PPO: {_CONTRIB}/modules/ppo_recurrent.html"
CONTRIB_MASKABLE = f"SB3-Contrib docs, Maskable PPO: {_CONTRIB}/modules/ppo_mask.html"
CONTRIB_CROSSQ = f"SB3-Contrib docs, CrossQ: {_CONTRIB}/modules/crossq.html"
CONTRIB_ARS = f"SB3-Contrib docs, ARS: {_CONTRIB}/modules/ars.html"

GYMNASIUM_MAKE = "Gymnasium docs, make: https://gymnasium.farama.org/api/registry/"
GYMNASIUM_WRAPPERS = "Gymnasium docs, wrappers: https://gymnasium.farama.org/api/wrappers/"
GYMNASIUM_VECTOR = "Gymnasium docs, vector environments: https://gymnasium.farama.org/api/vector/"
ZOO_WRAPPERS = "RL Baselines3 Zoo docs, wrappers: https://rl-baselines3-zoo.readthedocs.io/en/master/guide/config.html"
TORCH_LSTM = "PyTorch docs, LSTM: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
TORCH_OPTIMIZERS = "PyTorch docs, torch.optim: https://docs.pytorch.org/docs/stable/optim.html"
TORCH_AUTOCAST = "PyTorch docs, torch.amp: https://docs.pytorch.org/docs/stable/amp.html"
TORCH_COMPILE = "PyTorch docs, torch.compile: https://docs.pytorch.org/docs/stable/generated/torch.compile.html"
TORCH_THREADS = (
    "PyTorch docs, CPU threading: https://docs.pytorch.org/docs/stable/notes/cpu_threading_torchscript_inference.html"
)
PSUTIL = "psutil docs, processes: https://psutil.readthedocs.io/en/latest/#psutil.Process"
CUDA_DEVICES = (
    "CUDA docs, CUDA_VISIBLE_DEVICES: "
    "https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#cuda-environment-variables"
)
PALAESTRA = "Palaestra docs, architecture: docs/architecture.md"

PAPER_PPO = "Schulman et al. 2017, Proximal Policy Optimization Algorithms: https://arxiv.org/abs/1707.06347"
PAPER_GAE = "Schulman et al. 2015, Generalized Advantage Estimation: https://arxiv.org/abs/1506.02438"
PAPER_A2C = "Mnih et al. 2016, Asynchronous Methods for Deep RL: https://arxiv.org/abs/1602.01783"
PAPER_DQN = "Mnih et al. 2015, Human-level control through deep RL: https://www.nature.com/articles/nature14236"
PAPER_DDPG = "Lillicrap et al. 2015, Continuous control with deep RL: https://arxiv.org/abs/1509.02971"
PAPER_TD3 = (
    "Fujimoto et al. 2018, Function Approximation Error in Actor-Critic Methods: https://arxiv.org/abs/1802.09477"
)
PAPER_SAC = "Haarnoja et al. 2018, Soft Actor-Critic: https://arxiv.org/abs/1801.01290"
PAPER_SAC_AUTO = "Haarnoja et al. 2018, Soft Actor-Critic Algorithms and Applications: https://arxiv.org/abs/1812.05905"
PAPER_SDE = "Raffin et al. 2021, Smooth Exploration for Robotic RL: https://arxiv.org/abs/2005.05719"
PAPER_NSTEP = "Hessel et al. 2017, Rainbow: https://arxiv.org/abs/1710.02298"
PAPER_IMPLEMENTATION = "Andrychowicz et al. 2020, What Matters in On-Policy RL: https://arxiv.org/abs/2006.05990"
PAPER_TIME_LIMITS = "Pardo et al. 2018, Time Limits in Reinforcement Learning: https://arxiv.org/abs/1712.00378"
PAPER_STICKY = "Machado et al. 2018, Revisiting the Arcade Learning Environment: https://arxiv.org/abs/1709.06009"
PAPER_HER = "Andrychowicz et al. 2017, Hindsight Experience Replay: https://arxiv.org/abs/1707.01495"
PAPER_QRDQN = "Dabney et al. 2017, Distributional RL with Quantile Regression: https://arxiv.org/abs/1710.10044"
PAPER_TQC = (
    "Kuznetsov et al. 2020, Truncated Mixture of Continuous Distributional Critics: https://arxiv.org/abs/2005.04269"
)
PAPER_TRPO = "Schulman et al. 2015, Trust Region Policy Optimization: https://arxiv.org/abs/1502.05477"
PAPER_CROSSQ = "Bhatt et al. 2024, CrossQ: https://openreview.net/forum?id=PczQtTsTIX"
PAPER_RENORM = "Ioffe 2017, Batch Renormalization: https://arxiv.org/abs/1702.03275"
PAPER_ARS = "Mania et al. 2018, Simple random search for reinforcement learning: https://arxiv.org/abs/1803.07055"

"""Environments: from an id in a configuration to a vectorised environment that Stable-Baselines3 can train on.

`catalogue` knows what exists and imports neither torch nor Stable-Baselines3; `factory` builds.
"""

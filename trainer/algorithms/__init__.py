"""From a configuration to a Stable-Baselines3 model, and the loop that drives it one rollout at a time."""

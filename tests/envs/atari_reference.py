"""Plain ale-py, played by hand: what the adapter is held against."""

from __future__ import annotations

from ale_py.env import AtariEnv

from trainer.envs.atari_options import AtariOptions


def scripted_score(options: AtariOptions, script: list[int]) -> tuple[float, int, int]:
    """Play `script` on a single AtariEnv and return (raw score, agent steps, lives lost) of its first game."""
    env = AtariEnv(
        game=options.game,
        frameskip=options.frames_per_step,
        repeat_action_probability=0.0,
        full_action_space=options.full_action_space,
    )
    _, info = env.reset(seed=0)
    if options.fire_reset:
        env.ale.act(next(action for action in env.ale.getMinimalActionSet() if action.name == "FIRE"))
    score, lives, lost = 0.0, info["lives"], 0
    for step, action in enumerate(script, start=1):
        _, reward, terminated, _, info = env.step(action)
        score += float(reward)
        lost += info["lives"] < lives
        lives = info["lives"]
        if terminated:
            return score, step, lost
    raise AssertionError("The script is too short for a whole game.")

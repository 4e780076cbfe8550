"""One Atari game as a Gymnasium environment that shows the agent just what the vector environment would, and draws.

ale-py's vector environment can neither render nor take a game mode, a random frame skip or wrappers. This one can,
and its observations equal the other's to the pixel (a test holds them side by side), so a policy trained on one
plays on the other.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainer.envs.atari_options import AtariOptions

_FRAMES_PER_SECOND = 60  # of an Atari 2600 with an NTSC television

Frame = NDArray[np.uint8]


class AtariGame(gym.Env[Frame, np.int64]):
    """A single game with frame skip, flicker removal, grey resized frames, stacking, and the life rules.

    Rewards are clipped if the options say so; `raw_return` sums the unclipped ones since the game began. A step whose
    info says `life_lost` is terminated, and the reset after it plays on.

    :param options: what the agent sees and when an episode ends
    :param render_mode: `rgb_array` or None
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 15}

    def __init__(self, options: AtariOptions, render_mode: str | None = None) -> None:
        from ale_py.env import AtariEnv

        self.options = options
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_fps": max(1, round(_FRAMES_PER_SECOND / options.frames_per_step))}
        self._emulator = AtariEnv(
            game=options.game,
            mode=options.mode,
            difficulty=options.difficulty,
            obs_type="grayscale",
            frameskip=1,
            repeat_action_probability=options.repeat_action_probability,
            full_action_space=options.full_action_space,
        )
        self._ale = self._emulator.ale
        legal = self._ale.getLegalActionSet() if options.full_action_space else self._ale.getMinimalActionSet()
        self._actions = list(legal)
        self._fire = next((action for action in self._actions if action.name == "FIRE"), None)
        size = options.screen_size
        self.observation_space = spaces.Box(0, 255, (options.frame_stack, size, size), np.uint8)
        self.action_space = spaces.Discrete(len(self._actions))
        height, width = self._ale.getScreenDims()
        # Two raw grey frames, the last in front, as the emulator's own vector code keeps them.
        self._raw = np.zeros((2, height, width), dtype=np.uint8)
        self._stack = np.zeros(self.observation_space.shape, dtype=np.uint8)
        self._shown: list[Frame] = []
        self._elapsed = 0
        self._lives = 0
        self._fire_due = False
        self._goes_on = False
        self.raw_return = 0.0

    @property
    def fire(self) -> int | None:
        """Which action is FIRE; None where the game has no such button."""
        return None if self._fire is None else self._actions.index(self._fire)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Frame, dict[str, Any]]:
        """Begin a new game, or after a lost life play on from where it stands.

        :param seed: begins a new game in any case
        :param options: accepted as Gymnasium's interface has it; a game has none
        """
        super().reset(seed=seed, options=options)
        if self._goes_on and seed is None:
            self._goes_on = False
            return self._stack.copy(), self._info()
        if seed is not None:
            self._emulator.seed_game(seed)
            self._emulator.load_game()
        self._ale.reset_game()
        self._begin()
        self._raw[1] = 0
        self._ale.getScreenGrayscale(self._raw[0])
        self._shown = [self._ale.getScreenRGB()] if self.render_mode else []
        self._stack[:] = 0
        self._push()
        self._elapsed, self._lives = 0, self._ale.lives()
        self._fire_due = self._goes_on = False
        self.raw_return = 0.0
        return self._stack.copy(), self._info()

    def step(self, action: Any) -> tuple[Frame, float, bool, bool, dict[str, Any]]:
        """Hold one action for the frames of one agent step.

        :param action: index into the game's action set
        :raises ValueError: there is no such action
        """
        index = int(action)
        if not 0 <= index < len(self._actions):
            raise ValueError(f"Actions must lie between 0 and {len(self._actions) - 1}; given was {action!r}.")
        chosen = self._fire if self._fire_due and self._fire is not None else self._actions[index]
        reward = self._hold(chosen)
        self._push()
        lives, over = self._ale.lives(), self._ale.game_over()
        lost, self._lives = lives < self._lives, lives
        self._fire_due = self.options.fire_reset and lost
        cut = not over and self._elapsed >= self.options.max_num_frames_per_episode
        self._goes_on = self.options.terminal_on_life_loss and lost and lives > 0 and not over and not cut
        self.raw_return += reward
        info = self._info()
        if self._goes_on:
            info["life_lost"] = True
        shaped = float(np.sign(reward)) if self.options.clip_reward else float(reward)
        return self._stack.copy(), shaped, over or self._goes_on, cut, info

    def render(self) -> Frame | None:
        """Return the screen as RGB, height x width x 3; sprites drawn every other frame only are both there."""
        if self.render_mode is None or not self._shown:
            return None
        return np.maximum.reduce(self._shown) if self.options.maxpool else self._shown[-1]

    def _begin(self) -> None:
        """Press FIRE where that begins the game, then wait a random number of frames."""
        waits = int(self.np_random.integers(self.options.noop_max)) if self.options.noop_max > 0 else 0
        if self.options.fire_reset and self._fire is not None:
            self._ale.act(self._fire)
            waits -= 1
        noop = self._actions[0]
        for _ in range(waits):
            self._ale.act(noop)
            if self._ale.game_over():
                self._ale.reset_game()

    def _hold(self, action: Any) -> int:
        """Emulate the frames of one step and keep the last two; stops at the end of a game or at the limit."""
        skip = self.options.frameskip
        frames = skip if isinstance(skip, int) else int(self.np_random.integers(*skip))
        reward = 0
        for left in range(frames, 0, -1):
            reward += self._ale.act(action)
            self._elapsed += 1
            if left <= 2:
                self._see()
            if self._ale.game_over() or self._elapsed >= self.options.max_num_frames_per_episode:
                break
            if left <= 2:
                self._ale.getScreenGrayscale(self._raw[left - 1])
        return reward

    def _see(self) -> None:
        """Keep the last two screens in colour, if anyone is to look at them."""
        if self.render_mode:
            self._shown = [*self._shown[-1:], self._ale.getScreenRGB()]

    def _push(self) -> None:
        """Put the newest frame, free of flicker and resized, on top of the stack."""
        import cv2

        if self.options.maxpool:
            np.maximum(self._raw[0], self._raw[1], out=self._raw[0])
        size = self.options.screen_size
        self._stack[:-1] = self._stack[1:]
        self._stack[-1] = cv2.resize(self._raw[0], (size, size), interpolation=cv2.INTER_AREA)

    def _info(self) -> dict[str, Any]:
        return {"lives": self._lives}

"""ARS: every copy tries another candidate, and only candidates count."""

from stable_baselines3.common.callbacks import BaseCallback


class Heard(BaseCallback):
    """Keeps the episodes that it is told of."""

    def __init__(self):
        super().__init__()
        self.episodes = []

    def _on_step(self):
        self.episodes += [info["episode"] for info in self.locals["infos"] if "episode" in info]
        return True


def test_copies_without_a_candidate_tell_of_no_episode_and_each_iteration_shows_its_own(build):
    # Its episodes are all equally long, so that those of all eight copies end at once.
    model, learner = build({"id": "Pendulum-v1", "n_envs": 8}, {"name": "ars", "n_delta": 1, "n_eval_episodes": 1})
    heard = Heard()
    heard.init_callback(model)
    learner._callback = heard
    for iteration in (1, 2):
        learner.iterate()
        assert len(heard.episodes) == 2 * iteration
        assert list(model.ep_info_buffer) == heard.episodes[-2:]

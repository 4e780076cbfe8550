"""TensorBoard reads what is written: every scalar at its step, nothing that is kept from it."""

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from trainer.runs.tensorboard import TensorBoardWriter


def test_scalars_are_read_back_at_their_steps(tmp_path):
    writer = TensorBoardWriter(tmp_path / "tb")
    for step in (10, 20):
        values = {"train/loss": np.float32(step / 4), "time/fps": step, "time/iterations": 1, "note": "text"}
        writer.write(values, {"time/iterations": ("tensorboard",), "train/loss": ()}, step)
    writer.write({"note": "text"}, {}, 30)
    writer.close()
    read = EventAccumulator(str(tmp_path / "tb"))
    read.Reload()
    assert sorted(read.Tags()["scalars"]) == ["time/fps", "train/loss"]
    assert [(event.step, event.value) for event in read.Scalars("train/loss")] == [(10, 2.5), (20, 5.0)]


def test_a_run_leaves_tensorboard_files(engine, cartpole):
    record = engine.manager.submit(cartpole(tracking={"tensorboard": True}))
    assert engine.manager.wait(record.id, 120)
    read = EventAccumulator(str(engine.layout.run(record.id) / "tb"))
    read.Reload()
    assert {"train/loss", "rollout/ep_rew_mean", "time/fps"} <= set(read.Tags()["scalars"])

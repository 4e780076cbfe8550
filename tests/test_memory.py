"""Free memory as a container sees it, not as the machine around it has it."""

import psutil
import pytest

from trainer.config import load_config
from trainer.memory import available_bytes


@pytest.fixture
def groups(tmp_path):
    """Control groups of version 1 or 2, in files of our own."""

    def make(version, limits):
        listing = tmp_path / "cgroup"
        listing.write_text("0::/outer/inner\n" if version == 2 else "5:cpu:/\n4:memory:/outer/inner\n0::/\n")
        top = tmp_path / "mounted" / ("" if version == 2 else "memory")
        most, used = (
            ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        )
        for name, (limit, usage, cached) in limits.items():
            folder = top / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / most).write_text(f"{limit}\n")
            (folder / used).write_text(f"{usage}\n")
            key = "inactive_file" if version == 2 else "total_inactive_file"
            (folder / "memory.stat").write_text(f"anon 5\n{key} {cached}\n")
        return listing, tmp_path / "mounted"

    return make


@pytest.mark.parametrize("version", [1, 2])
def test_the_tightest_limit_counts_and_cached_files_are_given_back(groups, version):
    limits = {"outer": (1_000, 900, 50), "outer/inner": ("max" if version == 2 else 2**63 - 4096, 700, 0)}
    assert available_bytes(*groups(version, limits)) == 150


@pytest.mark.parametrize("version", [1, 2])
def test_a_group_that_is_full_leaves_nothing(groups, version):
    assert available_bytes(*groups(version, {"outer/inner": (1_000, 1_200, 0)})) == 0


def test_without_groups_the_machine_counts(tmp_path):
    free = available_bytes(tmp_path / "none", tmp_path)
    assert free == pytest.approx(psutil.virtual_memory().available, rel=0.2)


def test_a_replay_buffer_that_the_limit_does_not_hold_is_refused_before_training(engine, monkeypatch):
    monkeypatch.setattr("trainer.algorithms.fast.replay.available_bytes", lambda: 1_000_000)
    config = load_config(
        {"algorithm": {"name": "dqn", "buffer_size": 200_000}, "environment": {"id": "CartPole-v1", "n_envs": 1}}
    )
    run_id = engine.manager.submit(config).id
    assert engine.manager.wait(run_id, 60)
    record = engine.manager.get(run_id)
    assert record.status == "failed"
    assert record.reason.startswith("algorithm.buffer_size: ")
    assert "977 kB are free" in record.reason
    assert "At most " in record.reason

"""What the API tests share: credentials, a small run, and a site that is served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from trainer.engine import Engine

USERNAME, PASSWORD, TOKEN = "ada", "korrekt pferd: ümlaut", "t0ken-for-scripts"
SECRET = "a-value-of-the-page"


def small_run(**changes: Any) -> dict[str, Any]:
    """A CartPole run of about a second, without anything on the side."""
    data: dict[str, Any] = {
        "name": "small",
        "environment": {"id": "CartPole-v1", "n_envs": 2},
        "algorithm": {"name": "ppo", "n_steps": 64, "batch_size": 64, "n_epochs": 1},
        "training": {"total_timesteps": 512, "torch_threads": 1},
        "evaluation": {"enabled": False, "final_episodes": 1},
        "checkpoints": {"enabled": True, "milestones": False},
        "video": {"enabled": False},
    }
    return {**data, **changes}


LONG = {"total_timesteps": 50_000_000, "torch_threads": 1}


@dataclass
class Published:
    """A site on a port: its engine, its address, and how to come in."""

    engine: Engine
    url: str
    app: Any

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, **options)

    @contextmanager
    def logged_in(self) -> Iterator[httpx.Client]:
        with self.client() as client:
            client.post("/login", data={"username": USERNAME, "password": PASSWORD}).raise_for_status()
            yield client

    def socket_url(self, path: str) -> str:
        return self.url.replace("http", "ws", 1) + path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

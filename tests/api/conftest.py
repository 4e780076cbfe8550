"""One real engine with a run that has ended, published by real Gradio launches on free ports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import httpx
import pytest
from published import PASSWORD, SECRET, TOKEN, USERNAME, Published, free_port, small_run

from api import AccessPolicy, Site
from trainer.config import load_config
from trainer.engine import Engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = tmp_path_factory.mktemp("served")
    engine = Engine(root / "outputs", user_presets=root / "presets")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def ended_run(engine: Engine) -> str:
    """Id of a completed run with metrics, episodes, log lines, checkpoints and a video."""
    video = {"enabled": True, "every_steps": None, "milestones": True, "max_length": 60}
    record = engine.manager.submit(load_config(small_run(name="ended", tags=["kept", "first"], video=video)))
    assert engine.manager.wait(record.id, 120), "the run did not end in time"
    record = engine.manager.get(record.id)
    assert record.status == "completed", record.error
    return record.id


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assets")
    (folder / "page.js").write_text("// " + "script " * 500 + "\n", encoding="utf-8")
    (folder / "page.css").write_text("a{}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def publish(engine: Engine, assets: Path) -> Iterator[Any]:
    pages: list[gr.Blocks] = []

    def publish(policy: AccessPolicy, **options: Any) -> Published:
        with gr.Blocks(title="A page") as page:
            box = gr.Textbox(SECRET)
            box.submit(str.upper, box, box, api_visibility="private")
        pages.append(page)
        site = Site(engine, policy, assets=assets)
        app, url, _ = page.launch(
            prevent_thread_lock=True,
            quiet=True,
            run_history=False,
            server_port=free_port(),
            **options,
            **site.launch_options(),
        )
        return Published(engine, url.rstrip("/"), app)

    yield publish
    for page in pages:
        page.close(verbose=False)


@pytest.fixture(scope="session")
def site(publish: Any) -> Published:
    """Open to this machine, without credentials."""
    return publish(AccessPolicy())


@pytest.fixture(scope="session")
def locked_site(publish: Any) -> Published:
    """Behind a login and an API token."""
    return publish(AccessPolicy(USERNAME, PASSWORD, TOKEN))


@pytest.fixture
def client(site: Published) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client

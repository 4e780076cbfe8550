"""The Tools tab in a real browser over a real server: a run is measured, taken elsewhere and pruned."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.serving_process import wait_until


@pytest.fixture(scope="module")
def run(server):
    """A completed run with several checkpoints."""
    overrides = {
        "name": "Tool run",
        "training.total_timesteps": 3000,
        "evaluation.frequency": 1000,
        "checkpoints.every_steps": 1000,
        "video.enabled": False,
    }
    run = server.api("POST", "/api/runs", {"preset": "ppo_cartpole", "overrides": overrides, "start": True})
    wait_until(lambda: server.api("GET", f"/api/runs/{run['id']}")["status"] == "completed")
    return run["id"]


@pytest.fixture
def tools(page, run):
    """The tab on that run, opened from its card."""
    page.evaluate("run => palaestra.openTools({ id: run })", run)
    expect(page.locator("#tools-run")).to_have_value("Tool run")
    return page


# A task has a process of its own, which loads PyTorch first; on a busy machine that takes a while.
PATIENCE = 120_000


def panel(page, name):
    return page.locator(f"[data-tool={name}]")


def test_an_evaluation_shows_its_progress_and_stays_after_a_reload(tools):
    evaluate = panel(tools, "evaluate")
    evaluate.get_by_label("Episodes per seed").fill("3")
    evaluate.get_by_label("Seeds").fill("0, 1")
    evaluate.get_by_role("button", name="Evaluate").click()
    expect(evaluate.get_by_role("progressbar")).to_be_visible()
    row = evaluate.locator("tbody tr").first
    expect(row).to_contain_text("deterministic", timeout=PATIENCE)
    expect(evaluate.get_by_role("progressbar")).to_be_hidden()
    shown = row.inner_text()
    tools.reload()
    expect(row).to_be_visible()
    assert row.inner_text().split("\t")[:3] == shown.split("\t")[:3]
    row.get_by_role("button", name="Show").click()
    dialog = tools.locator("dialog")
    expect(dialog.locator("h3")).to_have_text(["Seed 0", "Seed 1"])
    assert len(dialog.locator(".pal-tool-returns").first.inner_text().split()) == 3


def test_a_wrong_number_is_named_and_a_long_task_can_be_cancelled(tools):
    evaluate = panel(tools, "evaluate")
    episodes = evaluate.get_by_label("Episodes per seed")
    episodes.fill("0")
    evaluate.get_by_role("button", name="Evaluate").click()
    expect(evaluate.get_by_role("alert")).to_have_text("Episodes per seed – Must be at least 1, not 0.")
    expect(episodes).to_be_focused()
    evaluate.get_by_label("Seeds").fill("0, x")
    episodes.fill("3")
    evaluate.get_by_role("button", name="Evaluate").click()
    expect(evaluate.get_by_role("alert")).to_have_text("Seeds – Must be a whole number, not the text 'x'.")
    expect(evaluate.get_by_label("Seeds")).to_be_focused()
    evaluate.get_by_label("Seeds").fill("0")
    episodes.fill("10000")
    before = evaluate.locator("tbody tr").count()
    evaluate.get_by_role("button", name="Evaluate").click()
    expect(evaluate.locator(".pal-tool-words")).to_contain_text(re.compile(r"\d+% · .* left"), timeout=PATIENCE)
    evaluate.get_by_role("button", name="Cancel").click()
    expect(evaluate.get_by_role("progressbar")).to_be_hidden(timeout=PATIENCE)
    expect(evaluate.get_by_role("button", name="Evaluate")).to_be_enabled()
    assert evaluate.locator("tbody tr").count() == before


def test_an_export_is_compared_and_downloaded(tools):
    export = panel(tools, "export")
    export.get_by_label("Format").select_option("torchscript")
    export.get_by_role("button", name="Export").click()
    expect(export.locator(".pal-tool-verdict")).to_contain_text("Equal actions on 256 observations", timeout=PATIENCE)
    with tools.expect_download() as caught:
        export.get_by_role("link", name="export.json").click()
    about = json.loads(caught.value.path().read_text())
    assert (about["format"], about["check"]["equal"]) == ("torchscript", True)


def test_the_run_is_found_by_what_is_typed(tools, server, run):
    chooser = tools.locator("#tools-run")
    chooser.click()
    chooser.fill("nothing like it")
    expect(tools.locator(".pal-tools .pal-combo-note")).to_be_visible()
    expect(tools.locator(".pal-combo-option")).to_have_count(0)
    chooser.fill("tool ru")
    expect(tools.locator(".pal-combo-option")).to_have_count(1)
    tools.keyboard.press("Enter")
    expect(chooser).to_have_value("Tool run")


def test_pruning_counts_first_asks_and_then_deletes(tools, server, run):
    """Last of all: it takes checkpoints away."""
    before = server.api("GET", f"/api/runs/{run}/checkpoints")["checkpoints"]
    prune = panel(tools, "prune")
    for name in ("Keep the best", "Keep milestones"):
        prune.get_by_label(name).uncheck()
    prune.get_by_role("button", name="Show what would go").click()
    expect(prune.locator(".pal-tool-freed")).to_be_visible()
    assert len(server.api("GET", f"/api/runs/{run}/checkpoints")["checkpoints"]) == len(before)
    prune.get_by_role("button", name="Delete").click()
    dialog = tools.locator("dialog")
    expect(dialog).to_contain_text(f"{len(before) - 1} checkpoint")
    dialog.get_by_role("button", name="Keep them").click()
    prune.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(prune.locator(".pal-tool-results")).to_contain_text("came free", timeout=PATIENCE)
    wait_until(lambda: len(server.api("GET", f"/api/runs/{run}/checkpoints")["checkpoints"]) == 1)
    # What can be chosen follows.
    expect(tools.locator("#tools-checkpoint option")).to_have_count(2)

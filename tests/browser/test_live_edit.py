"""Editing a run that trains, on its card: the dialog, what it refuses, and the mark that an edit leaves."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving_process import wait_until


@pytest.fixture
def run_id(server):
    body = {
        "preset": "ppo_cartpole",
        "overrides": {"training.total_timesteps": 50_000_000, "video.enabled": False, "algorithm.learning_rate": 3e-4},
    }
    run_id = server.api("POST", "/api/runs", body)["id"]
    wait_until(lambda: server.api("GET", f"/api/runs/{run_id}")["step"] > 0)
    return run_id


@pytest.fixture
def dialog(page, run_id):
    """The dialog of that run, open."""
    page.get_by_role("tab", name="Monitor").click()
    page.locator(f'.pal-card[data-run="{run_id}"]').get_by_role("button", name="Edit live").click()
    return page.locator("dialog.pal-dialog-edit")


def _config(server, run_id):
    return server.api("GET", f"/api/runs/{run_id}/config")


def test_a_learning_rate_is_edited_and_leaves_its_mark(page, server, run_id, dialog):
    rate = dialog.get_by_role("textbox", name="Learning rate")
    expect(rate).to_be_focused()
    expect(rate).to_have_value("0.0003")
    expect(dialog.get_by_role("textbox", name="Evaluation every")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Video every")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()
    rate.fill("")
    rate.press("Tab")
    expect(rate).to_have_value("0.0003")  # emptied and left, it stays as it is
    rate.fill("fast")
    dialog.get_by_role("textbox", name="Gamma").fill("1.5")
    rate.press("Enter")
    expect(dialog.locator(".pal-faulty .pal-field-fault")).to_have_text(
        [re.compile("must be a number or a schedule", re.I), "Must be at most 1, not 1.5."]
    )
    expect(rate).to_be_focused()
    rate.fill("0.0001")
    dialog.get_by_role("textbox", name="Gamma").fill("0.99")
    expect(dialog.locator(".pal-faulty")).to_have_count(0)
    before = _config(server, run_id)["algorithm"]["gamma"]
    dialog.get_by_role("textbox", name="Gamma").fill(str(before))
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".pal-toast")).to_contain_text("learning rate 0.0003 \u2192 0.0001. Takes effect at the next")
    head = page.locator(f'.pal-card[data-run="{run_id}"] .pal-chart[data-chart="return"] .pal-mark-head')
    expect(head).to_be_visible()
    (edit,) = _config(server, run_id)["history"]
    assert edit["changes"] == {"algorithm.learning_rate": [0.0003, 0.0001]}
    told = f"Step {edit['step']:,}: learning rate 0.0003 \u2192 0.0001"
    expect(head).to_have_attribute("aria-label", told)
    head.focus()
    expect(page.locator("#pal-tip")).to_have_text(told)
    marked = page.locator(f'.pal-card[data-run="{run_id}"] .pal-chart[data-chart="losses"] .pal-mark')
    expect(marked).to_be_visible()
    page.locator(f'.pal-card[data-run="{run_id}"]').get_by_role("button", name="Edit live").click()
    expect(dialog.get_by_role("textbox", name="Learning rate")).to_have_value("0.0001")
    dialog.get_by_text("Edited once so far").click()
    expect(dialog.locator("li")).to_contain_text("learning rate 0.0003 \u2192 0.0001")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_dialog_fits_a_telephone(page, dialog):
    page.set_viewport_size({"width": 390, "height": 780})
    expect(dialog.get_by_role("button", name="Apply")).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    body = dialog.locator(".pal-edit-body")
    assert body.evaluate("node => node.scrollWidth <= node.clientWidth")
    dialog.get_by_role("textbox", name="Evaluation every").scroll_into_view_if_needed()
    expect(dialog.get_by_role("textbox", name="Evaluation every")).to_be_in_viewport()

"""Forking from a card: the dialog, the family tree, and the relatives' curves over the card's own."""

import pytest
from playwright.sync_api import expect

from tests.serving_process import wait_until

SHORT = {
    "training.total_timesteps": 6_000,
    "video.enabled": False,
    "checkpoints.every_steps": 2_000,
    "evaluation.enabled": False,
}


@pytest.fixture
def parent(server):
    run_id = server.api("POST", "/api/runs", {"preset": "ppo_cartpole", "overrides": SHORT})["id"]
    wait_until(lambda: server.api("GET", f"/api/runs/{run_id}")["status"] == "completed")
    return run_id


def test_a_run_is_forked_from_its_card_and_its_family_is_drawn(page, server, parent):
    checkpoints = server.api("GET", f"/api/runs/{parent}/checkpoints")["checkpoints"]
    page.get_by_role("tab", name="Monitor").click()
    page.locator(".pal-ended > summary").click()
    page.locator(f'.pal-row-button[data-run="{parent}"]').click()
    card = page.locator(f'.pal-card[data-run="{parent}"]')
    expect(card.locator(".pal-family")).to_be_hidden()

    card.get_by_role("button", name="Fork").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Go on from").select_option(str(checkpoints[0]["step"]))
    expect(dialog.get_by_label("Total steps")).to_have_value("6,000")
    dialog.get_by_label("Total steps").fill("30")
    dialog.get_by_role("button", name="Change a setting").click()
    page.keyboard.type("algorithm.gamma")
    expect(dialog.get_by_role("option", name="Gamma")).to_be_visible()
    page.keyboard.press("Enter")
    dialog.get_by_role("textbox", name="Gamma").fill("3")
    dialog.get_by_role("button", name="Fork and start").click()
    expect(dialog.get_by_text("at most 1")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Gamma")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("textbox", name="Gamma").fill("0.9")
    dialog.get_by_role("button", name="Fork and start").click()
    expect(dialog.get_by_text("Choose more than")).to_be_visible()
    dialog.get_by_label("Total steps").fill("40,000,000")
    dialog.get_by_label("Name", exact=True).fill("The fork")
    dialog.get_by_role("button", name="Fork and start").click()
    expect(dialog).to_have_count(0)

    fork = page.locator(".pal-card").filter(has=page.get_by_role("heading", name="The fork"))
    expect(fork).to_be_visible()
    nodes = fork.locator(".pal-tree-node")
    expect(nodes).to_have_count(2)
    expect(nodes.nth(1)).to_have_attribute("aria-current", "true")
    expect(nodes.nth(1)).to_contain_text("gamma 0.98 → 0.9")
    expect(card.locator(".pal-tree-node")).to_have_count(2)  # the parent's card hears of its child by itself

    run_id = fork.get_attribute("data-run")
    lines = (
        "id => palaestra.charts.find(id, 'return').lines.filter(line => line.read()).map(line => line.id.split(' ')[0])"
    )
    fork.get_by_role("switch", name="Overlay family").check()
    page.wait_for_function(f"id => ({lines})(id).includes('{parent}')", arg=run_id)
    assert page.evaluate("id => palaestra.charts.find(id, 'return').forks.map(one => one.step)", run_id) == [
        checkpoints[0]["step"]
    ]
    first = """([id, from]) => {
      const line = palaestra.charts.find(id, "return").lines.find(one => one.id.startsWith(from));
      return line.read().steps[0];
    }"""
    assert page.evaluate(first, [run_id, parent]) < checkpoints[0]["step"]
    expect(fork.locator(".pal-family-legend")).to_contain_text("The fork (this run)")
    fork.get_by_role("switch", name="Overlay family").uncheck()
    page.wait_for_function(f"id => !({lines})(id).includes('{parent}')", arg=run_id)

    nodes.nth(0).press("Enter")
    expect(card).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(nodes.nth(1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390

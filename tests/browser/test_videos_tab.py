"""The Videos tab in a real browser, with a REST API that each test plays."""

import re

import pytest

from tests.browser.stage import open_stage, until


@pytest.fixture
def page(empty_page):
    return empty_page


def clips(amount):
    return [
        {
            "id": amount - n,
            "run_id": f"run-{n % 3}",
            "run_name": f"Run {n % 3}",
            "environment": "CartPole-v1",
            "algorithm": "ppo",
            "step": 1000 * (amount - n),
            "return": 195.0,
            "length": 195,
            "fps": 30,
            "duration": 6.5,
            "created_at": 1_700_000_000.0 - n,
            "url": f"/api/runs/run-{n % 3}/videos/{n}.mp4",
            "poster_url": f"/api/runs/run-{n % 3}/videos/{n}.jpg",
        }
        for n in range(amount)
    ]


def test_five_thousand_videos_come_a_page_at_a_time_and_can_be_filtered(page, rest):
    rest.videos = clips(5000)
    open_stage(page, rest, "videos")
    page.locator(".pal-tile").first.wait_for()
    assert page.locator(".pal-tile").count() < 300
    page.mouse.move(600, 400)
    for _ in range(4):
        page.mouse.wheel(0, 20000)
        page.wait_for_timeout(200)
    assert page.locator(".pal-tile").count() >= 180
    page.locator(".pal-tile-run", has_text="Run 2").first.click()
    until(page, "() => document.querySelectorAll('.pal-tile:not([data-run=run-2])').length === 0")


def test_a_click_plays_in_the_page_and_escape_closes(page, rest):
    rest.videos = clips(3)
    open_stage(page, rest, "videos")
    page.locator(".pal-tile-play").nth(1).click()
    source = page.locator("dialog video").get_attribute("src")
    assert source == "http://palaestra.test/lab/api/runs/run-1/videos/1.mp4"
    page.locator("dialog").get_by_label("Close").focus()
    page.keyboard.press("ArrowRight")
    assert re.search(r"Step 1,000", page.locator("dialog").inner_text())
    page.keyboard.press("Escape")
    until(page, "() => !document.querySelector('dialog')")

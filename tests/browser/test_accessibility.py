"""axe-core finds no serious fault on any tab and in any dialog, in light and dark, at a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults, settle, sticking_out
from tests.serving_process import wait_until

DESK, PHONE = (1280, 900), (390, 844)
TABS = (
    """() => [...new Set([...document.querySelectorAll('[role="tab"][id^="tab-"]')].map(tab => tab.id.slice(4, -7)))]"""
)


@pytest.fixture(scope="module")
def filmed(server):
    """A completed run with a video."""
    overrides = {"training.total_timesteps": 3000, "video.every_steps": 1000, "evaluation.enabled": False}
    run = server.api("POST", "/api/runs", {"preset": "ppo_cartpole", "overrides": overrides, "start": True})
    wait_until(lambda: server.api("GET", f"/api/runs/{run['id']}")["status"] == "completed")
    wait_until(lambda: server.api("GET", f"/api/videos/recordings?run={run['id']}")["videos"])
    return run["id"]


@pytest.fixture
def living(server, filmed):
    """A run that trains, one that waits, and one that has ended."""
    overrides = {"training.total_timesteps": 5_000_000, "video.enabled": False}
    run = server.api("POST", "/api/runs", {"preset": "ppo_cartpole", "overrides": overrides, "start": True})
    server.api("POST", "/api/runs", {"preset": "a2c_cartpole", "start": False})
    wait_until(lambda: server.api("GET", f"/api/runs/{run['id']}")["step"] > 2000)
    return run["id"]


@pytest.fixture
def open_page(chromium, server):
    """Opens the page in a theme at a size."""
    contexts = []

    def opened(theme, size):
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(server.url)
        page.wait_for_selector("#pal-train[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("theme", "size"), [("light", DESK), ("dark", PHONE)], ids=["desk", "phone"])
def test_no_tab_has_a_serious_fault_and_everything_is_in_reach(open_page, living, theme, size):
    page = open_page(theme, size)
    names = page.evaluate(TABS)
    assert {"train", "monitor", "videos", "help"} <= set(names), "at every width all tabs are there"
    for name in names:
        assert page.evaluate("name => palaestra.selectTab(name)", name)
        settle(page)
        page.locator(f'[role="tabpanel"]#tab-{name} details').evaluate_all(
            "all => all.forEach(one => (one.open = true))"
        )
        settle(page)
        assert faults(page) == [], f"{name}, {theme}, {size}"
        assert sticking_out(page) == [], f"{name}, {theme}, {size}"
    assert page.locator("h1").count() == 1


def test_no_dialog_has_a_serious_fault(open_page, living, filmed):
    page = open_page("light", PHONE)

    def look(name):
        expect(page.locator("dialog[open]")).to_have_count(1)
        settle(page)
        assert faults(page) == [], name
        assert sticking_out(page) == [], name
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)

    page.keyboard.press("?")
    look("shortcuts")
    for button in ("preset-save-as", "print-command"):
        page.locator(f"#{button}").click()
        look(button)
    page.evaluate("() => palaestra.selectTab('monitor')")
    card = page.locator(f'.pal-card[data-run="{living}"]')
    for action in ("edit", "fork"):
        card.locator(f'[data-action="{action}"]').click()
        look(action)
    card.get_by_label("Show the values as a table").click()
    look("values")
    page.evaluate("() => palaestra.selectTab('videos')")
    page.locator("[data-video]").first.click()
    look("video")


def test_faults_messages_and_open_lists_are_no_worse(page):
    gamma = page.locator('.pal-field[data-path="algorithm.gamma"]:visible')
    gamma.locator("input").fill("2")
    expect(gamma.locator(".pal-field-fault")).to_be_visible()
    page.evaluate("() => palaestra.fail(new Error('no'), 'It went wrong')")
    for field in ("preset", "input-environment-id"):
        page.locator(f"#{field}").click()
        expect(page.locator('[role="option"]:visible').first).to_be_visible()
        assert faults(page) == [], field
        page.keyboard.press("Escape")


def test_the_look_itself_finds_a_nameless_button_and_what_sticks_out(page):
    page.evaluate(
        """() => {
          const button = Object.assign(document.createElement("button"), {id: "nameless"});
          button.style.cssText = "position: absolute; top: 200px; left: 2000px; width: 40px; height: 40px";
          document.querySelector(".pal-form").append(button);
        }"""
    )
    assert any("nameless" in fault for fault in faults(page))
    assert any("nameless" in name for name in sticking_out(page))

"""The Environments tab in a real browser over a real server."""

import pytest

from tests.browser.stage import until


@pytest.fixture
def tab(page):
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.locator(".pal-envs-row").first.wait_for()
    return page


def search(page, words):
    page.get_by_role("searchbox", name="Search environments").fill(words)


def test_hundreds_of_ids_are_searched_at_once_and_only_those_in_view_are_drawn(tab):
    tab.get_by_label("Older versions").check()
    until(tab, "() => document.querySelector('[role=option]')?.getAttribute('aria-setsize') > 400")
    assert tab.locator(".pal-envs-row").count() < 60
    seconds = tab.evaluate(
        """() => {
            const field = document.querySelector('.pal-envs input[type=search]');
            const began = performance.now();
            field.value = 'ms pac';
            field.dispatchEvent(new Event('input'));
            return (performance.now() - began) / 1000;
        }"""
    )
    assert seconds < 0.3
    assert tab.locator(".pal-envs-row").first.inner_text().startswith("Ms Pacman")


def test_an_environment_is_shown_with_picture_spaces_and_the_way_to_train(tab):
    search(tab, "lunarlander-v3")
    until(tab, "() => document.querySelector('.pal-envs-spaces')?.textContent === '8 numbers · 4 actions'")
    tab.locator(".pal-envs-row").first.click()
    until(tab, "() => document.querySelector('.pal-envs-picture img')?.naturalWidth > 100")
    assert "at a return of 200" in tab.locator(".pal-envs-facts").inner_text()
    assert tab.url.endswith("#environments/LunarLander-v3")
    tab.locator("#environment-train").click()
    tab.locator("#pal-train").wait_for(state="visible")
    until(tab, "() => window.palaestra.train?.model.values['environment.id'] === 'LunarLander-v3'")
    assert "lunarlander" in tab.evaluate("() => window.palaestra.train.model.preset")


def test_the_list_is_walked_by_keyboard(tab):
    search(tab, "cartpole")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    until(tab, "() => document.querySelectorAll('[role=option]')[1].getAttribute('aria-selected') === 'true'")
    until(tab, "() => location.hash.startsWith('#environments/CartPole')")
    assert tab.evaluate("() => document.activeElement.getAttribute('role')") in ("listbox", "option")


def test_a_file_of_ones_own_runs_only_after_a_warning_and_becomes_an_environment(tab, server):
    tab.locator("[data-family=yours]").click()
    card = tab.locator("article[data-name=example_corridor]")
    card.get_by_role("button", name="Check and enable").click()
    assert "with everything that its user may do" in tab.get_by_role("dialog").inner_text()
    tab.get_by_role("button", name="Not now").click()
    assert card.get_attribute("data-state") == "new"
    card.get_by_role("button", name="Check and enable").click()
    tab.locator("#environment-enable").click()
    try:
        until(tab, "() => document.querySelector('article[data-name=example_corridor]')?.dataset.state === 'enabled'")
        assert tab.evaluate("() => document.activeElement.dataset.action") == "disable"
        tab.locator(".pal-envs-row", has_text="ExampleCorridor-v0").wait_for()
        card.get_by_role("button", name="ExampleCorridor-v0").click()
        until(tab, "() => document.querySelector('.pal-envs-picture img')?.naturalWidth > 0")
        card.get_by_role("button", name="Disable").press("Enter")
        until(tab, "() => document.querySelector('article[data-name=example_corridor]')?.dataset.state === 'new'")
        assert tab.evaluate("() => document.activeElement.dataset.action") == "enable", "the focus stays in the card"
    finally:
        server.api("POST", "/api/environments/custom/example_corridor/disable")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(tab, width):
    tab.set_viewport_size({"width": width, "height": 800})
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

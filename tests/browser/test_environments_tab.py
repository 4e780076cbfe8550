"""The Environments tab in a real browser over a real server."""

import pytest
from playwright.sync_api import expect

from tests.browser.stage import until
from trainer.envs import catalogue


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
    fits = tab.locator(".pal-envs-algorithm[data-fits=true]").all_inner_texts()
    assert {"PPO", "QR-DQN", "RecurrentPPO"} <= set(fits), "an algorithm has one name on every tab"
    assert tab.url.endswith("#environments/LunarLander-v3")
    tab.locator("#environment-train").click()
    tab.locator("#pal-train").wait_for(state="visible")
    until(tab, "() => window.palaestra.train?.model.values['environment.id'] === 'LunarLander-v3'")
    assert "lunarlander" in tab.evaluate("() => window.palaestra.train.model.preset")


def train_on(tab, environment):
    search(tab, environment)
    tab.locator(".pal-envs-row").first.click()
    expect(tab.locator(".pal-envs-ways .pal-muted").first).to_contain_text("preset", timeout=30_000)
    said = tab.locator(".pal-envs-ways .pal-muted").first.inner_text()
    tab.locator("#environment-train").click()
    tab.locator("#pal-train").wait_for(state="visible")
    until(tab, f"() => window.palaestra.train?.model.values['environment.id'] === '{environment}'")
    model = tab.evaluate("() => ({ preset: palaestra.train.model.preset, values: palaestra.train.model.values })")
    return said, model["preset"], model["values"]


def test_a_preset_of_another_version_is_taken_and_no_number_of_another_environment(tab):
    said, preset, values = train_on(tab, "ALE/Breakout-v5")
    assert "tuned on BreakoutNoFrameskip-v4" in said and preset.endswith("_breakout")
    expect(tab.locator("#preset-score")).to_contain_text("on BreakoutNoFrameskip-v4")
    tab.evaluate("() => palaestra.train.model.assign({ 'environment.id': 'CartPole-v1' })")
    expect(tab.locator("#preset-score")).to_have_text("")
    tab.keyboard.press("g")
    tab.keyboard.press("e")
    said, preset, values = train_on(tab, "CliffWalking-v1")
    assert said.startswith("There is no preset for it") and preset is None
    assert values["algorithm.name"] == "ppo" and values["training.total_timesteps"] != 10_000_000


def test_an_environment_counts_once_and_its_older_versions_are_listed_only_when_they_are_asked_for(tab, server):
    ids = lambda: tab.locator(".pal-envs-row").evaluate_all("rows => rows.map((row) => row.dataset.id)")  # noqa: E731
    family = next(each for each in catalogue.families() if each.key == "mujoco")
    # Of the server: tests in this process register environments of their own.
    known = server.api("GET", "/api/environments")
    here = {each["key"] for each in known["families"] if each["runs_here"]}
    trainable = len({(each["family"], each["title"]) for each in known["environments"] if each["family"] in here})
    expect(tab.locator("[data-family=all] .pal-envs-number")).to_have_text(str(trainable))
    expect(tab.locator(".pal-envs-count")).to_contain_text(f"{trainable} environments")
    under = "each => { while (each.tagName !== 'H2') each = each.previousElementSibling; return each.textContent; }"
    assert tab.locator("[data-family=jax]").evaluate(under) == "Cannot run here"
    tab.locator("[data-family=mujoco]").click()
    expect(tab.locator("[data-family=mujoco] .pal-envs-number")).to_have_text(str(family.environments))
    said = f"{family.environments} environments, {len(family.entries)} ids"
    expect(tab.locator(".pal-envs-count")).to_have_text(said)
    search(tab, "ant-v")
    assert ids() == ["Ant-v5"]
    search(tab, "ant-v4")
    assert ids() == ["Ant-v4"], "what is written in full is found"
    tab.get_by_label("Older versions").check()
    expect(tab.locator("[data-family=mujoco] .pal-envs-number")).to_have_text("1")
    search(tab, "")
    tab.locator(".pal-envs-row").first.click()
    expect(tab.locator(".pal-envs-head")).to_be_visible()
    tab.locator("[data-family=box2d]").click()
    expect(tab.locator(".pal-envs-detail")).to_contain_text("Choose an environment to see")
    assert tab.url.endswith("#environments")


def test_the_list_is_walked_by_keyboard(tab):
    search(tab, "cartpole")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    until(tab, "() => document.querySelectorAll('[role=option]')[1].getAttribute('aria-selected') === 'true'")
    until(tab, "() => location.hash.includes('CartPole')")
    assert tab.evaluate("() => document.activeElement.getAttribute('role')") in ("listbox", "option")


def test_where_there_is_no_room_beside_the_list_the_enter_key_leads_on_and_the_focus_follows(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.locator(".pal-envs-list").focus()
    tab.keyboard.press("ArrowDown")
    first = tab.locator(".pal-envs-row").first
    expect(first).to_have_attribute("aria-selected", "true")
    tab.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    tab.wait_for_timeout(400)
    expect(tab.locator(".pal-envs-list")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator(".pal-envs-back")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator(".pal-envs-list")).to_be_focused()


def test_what_is_in_view_and_just_below_it_tells_its_spaces_beside_a_chosen_environment(tab):
    tab.locator(".pal-envs-row").first.click()
    tab.locator(".pal-envs-list").hover()
    tab.mouse.wheel(0, 3_000)
    until(tab, "() => document.querySelector('.pal-envs-list').scrollTop > 2_000")
    words = "() => [...document.querySelectorAll('.pal-envs-spaces')].map((row) => row.textContent)"
    until(tab, f"() => {{ const words = ({words})(); return words.length > 8 && !words.includes('…'); }}", 60_000)
    expect(tab.locator(".pal-envs-head")).to_be_visible()


def test_spaces_that_could_not_be_asked_for_are_asked_for_again(tab):
    tab.route("**/api/environments/spaces", lambda route: route.fulfill(status=500, json={}))
    with tab.expect_response(lambda response: response.status == 500):
        search(tab, "lunarlander-v3")
    expect(tab.locator(".pal-envs-spaces").first).to_have_text("…")
    tab.unroute("**/api/environments/spaces")
    expect(tab.locator(".pal-envs-spaces").first).to_have_text("8 numbers · 4 actions", timeout=20_000)


def test_a_check_that_was_begun_before_a_reload_is_seen_to_end(tab, server):
    own = server.api("GET", "/api/environments/custom")
    busy = {**own, "files": [{**file, "checking": True} for file in own["files"]]}
    tab.route("**/api/environments/custom", lambda route: route.fulfill(json=busy))
    tab.route("**/cancel", lambda route: route.fulfill(status=500, json={"error": {"message": "Lost."}}))
    tab.locator("[data-family=yours]").click()
    tab.get_by_role("button", name="Look for new packages and files").click()
    card = tab.locator("article[data-name=example_corridor]")
    expect(card).to_have_attribute("data-state", "checking")
    card.get_by_role("button", name="Cancel").click()
    expect(tab.locator(".pal-toast")).to_contain_text("The check of example_corridor.py could not be cancelled: Lost.")
    tab.unroute("**/api/environments/custom")
    expect(card).not_to_have_attribute("data-state", "checking")


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


def test_many_files_of_ones_own_take_the_room_that_an_empty_list_leaves(tab, server):
    own = server.api("GET", "/api/environments/custom")
    files = [{**file, "name": f"{file['name']}_{number}"} for file in own["files"] for number in range(9)]
    tab.route("**/api/environments/custom", lambda route: route.fulfill(json={**own, "files": files}))
    tab.get_by_role("button", name="Look for new packages and files").click()
    tab.locator("[data-family=yours]").click()
    expect(tab.locator(".pal-envs-file")).to_have_count(len(files))
    ends = "n => n.getBoundingClientRect().bottom"
    assert tab.locator(".pal-envs-note").evaluate(ends) == tab.locator(".pal-envs-middle").evaluate(ends)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(tab, width):
    tab.set_viewport_size({"width": width, "height": 800})
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

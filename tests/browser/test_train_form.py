"""The Train form in a real browser: finding fields, what a fold tells, taking changes back, the bar at hand."""

import re

import pytest
from playwright.sync_api import expect

from trainer.config.numbers import meant_number, read_number

# What the count of found fields touches, of all that is drawn outside it.
COVERED = """() => {
  const spot = (node) => node.getBoundingClientRect();
  const count = spot(document.querySelector(".pal-search-count"));
  const meets = ({ left, right, top, bottom, width }) =>
    width && left < count.right && right > count.left && top < count.bottom && bottom > count.top;
  const kinds = "input, button, p, .pal-search-others, .pal-form-section, .pal-config-score";
  const drawn = [...document.querySelectorAll(`#pal-train :is(${kinds})`)].filter((node) => node.checkVisibility());
  return drawn.filter((node) => meets(spot(node))).map((node) => node.outerHTML.slice(0, 80));
}"""


def field(page, path):
    return page.locator(f'.pal-field[data-path="{path}"]:visible')


def section(page, name):
    return page.locator(f'.pal-form-section[data-section="{name}"]')


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("10,000,000", 10_000_000),
        ("1_000", 1000),
        ("3e-4", 0.0003),
        ("0", 0),
        ("-1", -1),
        ("", None),
        ("1,5", "1,5"),
        ("0,001", "0,001"),
        ("high", "high"),
    ],
)
def test_numbers_are_read_as_they_are_meant_and_never_guessed_at(page, typed, read):
    assert page.evaluate("text => palaestra.readNumber(text)", typed) == read


def test_a_number_means_the_same_here_as_in_python_and_an_ambiguous_one_is_offered(page):
    texts = ["10,000,000", "1_000", "10 000", "2M", "1.1k", ".5 M", "1e6", "-1", "7.5"]
    assert page.evaluate("all => all.map(palaestra.readNumber)", texts) == [read_number(text) for text in texts]
    texts = ["1,5", "0,001", "1.000.000", "1.000,5", "1,234.5", "2m", "high", "1,2,3"]
    assert page.evaluate("all => all.map(palaestra.readNumber)", texts) == texts
    assert page.evaluate("all => all.map(palaestra.meantNumber)", texts) == [meant_number(text) for text in texts]
    assert page.evaluate("palaestra.readNumber('2.500')") == read_number("2.500") == 2.5
    assert page.evaluate("palaestra.readNumber('2.500', {whole: true})") == "2.500"
    assert page.evaluate("palaestra.meantNumber('2.500')") == meant_number("2.500") == 2500
    steps = field(page, "training.total_timesteps")
    for typed, meant in (("1.000.000", "1,000,000"), ("100.000", "100,000")):
        steps.locator("input").fill(typed)
        steps.locator("input").blur()
        steps.get_by_role("button", name=f"Set Total steps to {meant}").click()
        expect(steps.locator("input")).to_have_value(meant)
    expect(steps.locator(".pal-field-fault")).to_have_text("")


def test_values_that_mean_the_same_are_no_change(page):
    rate = field(page, "algorithm.learning_rate").locator("input")
    rate.fill("lin_1e-3")
    expect(page.locator("#changed-count")).to_have_text("")
    rate.fill("lin_2e-3")
    expect(page.locator("#changed-count")).to_have_text("changed: 1 field")


def test_the_search_finds_a_folded_field_and_enter_goes_there(page):
    expect(field(page, "algorithm.target_kl")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("target_kl")
    expect(field(page, "algorithm.target_kl")).to_have_count(1)
    expect(page.locator(".pal-field:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(field(page, "algorithm.target_kl")).to_have_count(0)
    page.locator("#field-search").fill("target kl")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.closest('.pal-field').dataset.path") == "algorithm.target_kl"
    expect(page.locator("#field-search")).to_have_value("")
    expect(field(page, "algorithm.gamma")).to_have_count(1)


def test_the_search_says_which_algorithm_has_what_is_not_here(page):
    others = page.locator(".pal-search-others")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.locator("#field-search").fill("replay buffer")
        expect(others).to_contain_text("is only mentioned")
        expect(others.get_by_role("button").first).to_have_text("DQN")
        expect(page.locator(".pal-field:visible")).to_have_count(1)
        page.locator("#field-search").fill("policy delay")
        expect(others).to_contain_text("PPO has no field like “policy delay”")
        expect(others.get_by_role("button")).to_have_text(["TD3", "CrossQ"])
        assert page.evaluate(COVERED) == [], "the count lies over something"
    others.get_by_role("button", name="Choose TD3 and go to Policy delay").click()
    expect(field(page, "algorithm.policy_delay").locator("input")).to_be_focused()
    expect(others).to_be_hidden()
    assert page.evaluate("palaestra.train.model.algorithm") == "td3"
    page.locator("#field-search").fill("noise theta")
    expect(others).to_contain_text("Noise theta is there once Action noise is ornstein uhlenbeck.")
    others.get_by_role("button").click()
    expect(field(page, "algorithm.action_noise.kind").locator("select")).to_be_focused()
    page.locator("#field-search").fill("zebra")
    others.get_by_role("button", name="Show all fields").click()
    expect(field(page, "training.seed")).to_be_visible()
    expect(page.locator("#field-search")).to_have_value("")


def test_a_changed_field_has_an_arrow_back_to_the_preset(page):
    gamma = field(page, "algorithm.gamma")
    expect(gamma.locator(".pal-back")).to_be_hidden()
    gamma.locator("input").fill("0.5")
    expect(gamma.locator(".pal-back")).to_have_attribute("aria-label", "Gamma: Back to 0.98")
    gamma.locator(".pal-back").click()
    expect(gamma.locator("input")).to_have_value("0.98")
    expect(page.locator("#changed-count")).to_have_text("")


def test_an_emptied_field_takes_its_default_and_says_so_when_it_is_left(page):
    gamma = field(page, "algorithm.gamma").locator("input")
    gamma.fill("")
    expect(gamma).to_have_attribute("placeholder", "0.99")
    gamma.blur()
    expect(gamma).to_have_value("0.99")


def test_what_is_not_recommended_is_said_beside_its_field_and_forbids_nothing(page):
    batch = field(page, "algorithm.batch_size")
    batch.locator("input").fill("100")
    expect(batch.locator(".pal-field-fault")).to_contain_text("Does not divide the 256 steps of a rollout")
    expect(batch).not_to_have_class(re.compile("pal-faulty"))
    expect(page.locator("#review")).not_to_contain_text("fault")


def test_a_closed_section_tells_its_settings_its_change_and_its_fault(page):
    evaluation = section(page, "evaluation")
    expect(evaluation.locator(".pal-section-line")).to_have_text(
        "Every: 20,000 steps · Episodes: 10 · Final: 100 episodes · Return threshold: 475"
    )
    page.evaluate("() => palaestra.train.model.set('evaluation.episodes', 0)")
    expect(evaluation.locator("> summary .pal-fold-faults")).to_have_text("1 fault")
    page.locator("#review").click()
    expect(field(page, "evaluation.episodes").locator("input")).to_be_focused()
    page.evaluate("() => palaestra.train.model.set('evaluation.enabled', false)")
    expect(evaluation.locator(".pal-section-line")).to_have_text("off")


def test_a_limit_asks_for_a_process_of_its_own_and_is_checked_against_the_machine(page):
    resources = section(page, "resources")
    resources.locator("> summary").click()
    limit, cores = field(page, "resources.memory_limit_mb"), field(page, "resources.cpu_cores")
    limit.locator("input").fill("2000")
    expect(limit.locator(".pal-field-fault")).to_contain_text("Choose process under Run in, or leave this empty.")
    page.evaluate("() => palaestra.train.model.set('resources.executor', 'process')")
    expect(limit.locator(".pal-field-fault")).to_have_text("")
    cores.locator("input").fill("100000")
    expect(cores.locator(".pal-field-fault")).to_contain_text("100,000 cores are asked for")
    expect(resources.locator("> summary .pal-fold-faults")).to_have_text("1 fault")


def test_the_count_of_changes_leads_through_them(page):
    page.evaluate("() => palaestra.train.model.set('policy.log_std_init', -1)")
    page.locator("#changed-count").click()
    expect(field(page, "policy.log_std_init").locator("input")).to_be_focused()


def test_loading_over_changes_can_be_undone(page):
    field(page, "training.seed").locator("input").fill("7")
    page.locator("#preset").click()
    page.locator('#pal-train [role="option"][data-value="sac_pendulum"]').click()
    expect(page.locator("#algorithm-sac")).to_be_checked()
    page.locator(".pal-toast .pal-linkbutton", has_text="Undo").click()
    expect(page.locator("#algorithm-ppo")).to_be_checked()
    expect(field(page, "training.seed").locator("input")).to_have_value("7")


def test_what_is_typed_into_a_list_counts_without_enter(page):
    environment = field(page, "environment.id")
    for typed, taken, said in (("pendulum-v1", "Pendulum-v1", None), ("CartPol-v1", "CartPol-v1", "Did you mean")):
        environment.locator("input").click()
        expect(environment.locator("[role=option]:visible").first).to_be_visible(timeout=20_000)
        environment.locator("input").fill(typed)
        page.keyboard.press("Tab")
        expect(environment.locator("input")).to_have_value(taken)
        expect(environment.locator(".pal-field-fault")).to_contain_text(said or "")
    preset = page.locator("#preset")
    preset.fill("ppo_pendlum")
    page.locator("#preset-load").click()
    expect(page.locator(".pal-toast")).to_contain_text("Did you mean ppo_pendulum")
    expect(preset).to_have_value("ppo_pendlum")
    preset.fill("ppo_pendulum")
    page.locator("#preset-load").click()
    expect(environment.locator("input")).to_have_value("Pendulum-v1")
    expect(preset).to_have_value("ppo_pendulum")


def test_a_reload_brings_the_unsaved_form_back(page):
    page.locator("#algorithm-dqn").check(force=True)
    field(page, "algorithm.gamma").locator("input").fill("0.25")
    page.reload()
    page.wait_for_selector("#pal-train[data-ready]")
    expect(page.locator("#algorithm-dqn")).to_be_checked()
    expect(field(page, "algorithm.gamma").locator("input")).to_have_value("0.25")


def test_values_of_an_algorithm_wait_while_another_is_looked_at(page):
    field(page, "algorithm.gamma").locator("input").fill("0.25")
    page.locator("#algorithm-a2c").check(force=True)
    expect(field(page, "algorithm.gamma").locator("input")).to_have_value("0.99")
    page.locator("#algorithm-ppo").check(force=True)
    expect(field(page, "algorithm.gamma").locator("input")).to_have_value("0.25")


def test_a_run_in_the_queue_is_started_and_stopped_from_the_bar(page):
    field(page, "training.total_timesteps").locator("input").fill("5000000")
    page.locator("#enqueue").click()
    controls = page.locator(".pal-run-controls")
    start = page.locator("#start").bounding_box()
    expect(controls.locator(".pal-sign-word")).to_have_text("queued")
    pause = controls.locator('[data-action="pause"]')
    expect(pause).to_have_attribute("aria-disabled", "true")
    expect(pause).to_have_attribute("data-tip", "The run has not started yet.")
    assert page.locator("#start").bounding_box() == start
    words = page.locator(".pal-review-words")
    assert words.evaluate("words => words.scrollHeight <= words.clientHeight"), "the estimate is cut off"
    controls.locator('[data-action="start"]').click()
    expect(controls.locator(".pal-sign-word")).to_have_text("running", timeout=60_000)
    controls.locator('[data-action="stop"]').click()
    expect(controls).to_be_hidden(timeout=60_000)
    expect(page.locator("#start")).to_be_focused()


def test_a_correction_followed_at_once_by_ctrl_enter_starts(page):
    field(page, "training.total_timesteps").locator("input").fill("5000000")
    gamma = field(page, "algorithm.gamma").locator("input")
    gamma.fill("2")
    expect(page.locator("#start")).to_have_attribute("aria-disabled", "true")
    gamma.fill("0.97")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".pal-card")).to_be_visible()


def test_a_fault_typed_just_before_start_is_shown_beside_its_field_and_in_no_message(page, server):
    before = server.api("GET", "/api/state")["counts"]
    gamma = field(page, "algorithm.gamma")
    gamma.locator("input").fill("2")
    page.keyboard.press("Control+Enter")
    expect(gamma.locator(".pal-field-fault")).to_be_visible()
    expect(page.locator("#start")).to_have_text("Start")
    assert server.api("GET", "/api/state")["counts"] == before
    expect(page.locator(".pal-toast")).to_have_count(0)


def test_save_as_shows_a_fault_before_it_asks_for_a_name(page):
    gamma = field(page, "algorithm.gamma").locator("input")
    gamma.fill("2")
    page.locator("#preset-save-as").click()
    expect(gamma).to_be_focused()
    expect(field(page, "algorithm.gamma").locator(".pal-field-fault")).to_be_visible()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".pal-toast")).to_have_count(0)


def test_without_the_server_nothing_can_be_started_and_the_buttons_say_why(page):
    page.route("**/api/state", lambda route: route.abort())
    for name in ("start", "enqueue", "print-command"):
        button = page.locator(f"#{name}")
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("data-tip", "The server does not answer")
    page.unroute("**/api/state")
    expect(page.locator("#start")).not_to_have_attribute("aria-disabled", "true")


def test_messages_leave_the_action_bar_and_the_head_of_the_tab_free(page):
    message = page.evaluate(
        """() => {
          const bar = palaestra.fail(new Error("no"), "It went wrong").getBoundingClientRect();
          return [bar.top, bar.bottom];
        }"""
    )
    head = page.locator(".pal-train-head").bounding_box()
    assert message[0] >= head["y"] + head["height"]
    assert message[1] < page.locator("#action-bar").bounding_box()["y"]


def test_on_a_phone_the_bar_is_one_row_and_hides_no_field_in_focus(page):
    page.set_viewport_size({"width": 390, "height": 800})
    bar = page.locator("#action-bar")
    parts = [part.bounding_box() for part in bar.locator("button:visible, select:visible, label:visible").all()]
    assert len(parts) >= 5
    assert max(part["y"] for part in parts) - min(part["y"] for part in parts) < 8
    assert max(part["x"] + part["width"] for part in parts) <= 378
    expect(bar.locator(".pal-follow")).to_be_in_viewport(ratio=1)
    expect(bar.get_by_text("open Monitor")).to_be_in_viewport(ratio=1)
    page.locator("#open-monitor").uncheck()
    page.locator("#preset").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        low = page.evaluate(
            """() => document.activeElement.closest(".pal-form")
                 && document.activeElement.getBoundingClientRect().bottom"""
        )
        assert not low or low <= bar.bounding_box()["y"]


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_action_bar_stays_in_view_and_nothing_sticks_out(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    for place in (0, 400, 100_000):
        page.evaluate("place => scrollTo(0, place)", place)
        expect(page.locator("#start")).to_be_in_viewport(ratio=1)
        expect(page.locator("#review")).to_be_in_viewport(ratio=1)
    assert page.evaluate("() => document.documentElement.scrollWidth") == width

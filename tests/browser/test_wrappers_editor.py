"""The list of wrappers in the Train form: added, ordered, typed into, found at fault, and never lost as text."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults, settle

FIELD = "environment.wrappers"


@pytest.fixture
def wrappers(page):
    return page.locator(f'.pal-field[data-path="{FIELD}"]')


def add(wrappers, *names):
    for name in names:
        box = wrappers.locator(".pal-wrappers-foot [role=combobox]")
        box.click()
        box.fill(name)
        box.press("Enter")


def value(page):
    return json.loads(page.evaluate(f"() => palaestra.train.model.values['{FIELD}']"))


def rows(wrappers):
    return wrappers.locator(".pal-wrapper")


def choose(page, environment):
    page.evaluate("id => palaestra.train.model.set('environment.id', id)", environment)


def test_without_wrappers_the_list_teaches_what_they_are_for(page, wrappers):
    expect(wrappers.locator(".pal-wrappers-bare")).to_contain_text("4 numbers, 2 actions. A wrapper stands between")
    expect(page.locator(".pal-form-section[data-section=environment] .pal-section-line")).not_to_contain_text(
        "wrappers"
    )


def test_an_atari_game_says_what_it_comes_with_and_a_shape_is_written_in_one_way(page, wrappers):
    bare = wrappers.locator(".pal-wrappers-bare")
    choose(page, "BreakoutNoFrameskip-v4")
    expect(bare).to_contain_text("The agent sees: 84 × 84 × 4 image, 4 actions. An Atari game comes prepared")
    for step in ("each action lasts 4 frames", "grey, shrunk to 84 × 84", "the last 4 pictures stacked", "a lost life"):
        expect(bare).to_contain_text(step)
    expect(page.locator(".pal-environment-facts")).to_contain_text("Observes an image of 84 × 84 × 4")
    choose(page, "ALE/Breakout-v5")
    expect(bare).to_contain_text("with 25% probability a frame repeats")
    expect(bare).not_to_contain_text("a lost life")
    choose(page, "CarRacing-v3")
    expect(bare).to_contain_text("96 × 96 × 3 image")
    expect(page.locator(".pal-environment-facts")).to_contain_text("Observes an image of 96 × 96 × 3")


def test_wrappers_are_added_by_searching_and_show_what_they_make_of_the_observations(page, wrappers):
    choose(page, "CarRacing-v3")
    add(wrappers, "grayscale", "resize")
    seen = rows(wrappers).locator(".pal-wrapper-seen")
    expect(seen.nth(0)).to_have_text("96 × 96 × 3 image → 96 × 96 × 1 image")
    expect(seen.nth(1)).to_have_text("96 × 96 × 1 image → 84 × 84 × 1 image")
    expect(wrappers.locator(".pal-wrapper-input").last).to_be_focused()
    assert value(page) == [
        {"name": "grayscale_observation", "kwargs": {"keep_dim": True}},
        {"name": "resize_observation", "kwargs": {"shape": [84, 84]}},
    ]
    wrappers.get_by_label("Height, width").fill("[48, 40]")
    expect(seen.nth(1)).to_have_text("96 × 96 × 1 image → 48 × 40 × 1 image")


def test_rows_are_moved_by_buttons_and_by_keyboard_and_keep_the_focus(page, wrappers):
    add(wrappers, "time limit", "frame skip", "scale rewards")
    names = lambda: [each["name"] for each in value(page)]  # noqa: E731
    wrappers.get_by_role("button", name="Move Scale rewards up").click()
    assert names() == ["time_limit", "scale_reward", "frame_skip"]
    up = wrappers.get_by_role("button", name="Move Scale rewards up")
    expect(up).to_be_focused()
    up.press("Enter")
    assert names() == ["scale_reward", "time_limit", "frame_skip"]
    expect(wrappers.get_by_role("button", name="Move Scale rewards down")).to_be_focused()
    expect(up).to_be_disabled()
    page.keyboard.press("Alt+ArrowDown")
    assert names() == ["time_limit", "scale_reward", "frame_skip"]
    expect(rows(wrappers).nth(1)).to_have_attribute("aria-label", "Scale rewards, 2 of 3")


def test_a_removed_row_is_gone_and_the_arrow_brings_the_preset_back(page, wrappers):
    add(wrappers, "time limit", "frame skip")
    wrappers.get_by_role("button", name="Remove Time limit").click()
    expect(rows(wrappers)).to_have_count(1)
    expect(wrappers.get_by_role("button", name="Remove Frame skip")).to_be_focused()
    expect(page.locator("#changed-count")).to_have_text("changed: 1 field")
    wrappers.locator(".pal-back").click()
    expect(rows(wrappers)).to_have_count(0)
    expect(page.locator("#changed-count")).to_have_text("")


def test_a_fault_stands_at_its_row_and_at_its_argument(page, wrappers):
    add(wrappers, "time limit", "resize")
    first, second = rows(wrappers).nth(0), rows(wrappers).nth(1)
    expect(second.locator(".pal-field-fault")).to_contain_text(
        "Resize needs images of bytes, and observations are a vector"
    )
    expect(first.locator(".pal-field-fault")).to_be_hidden()
    expect(wrappers.locator("> .pal-field-fault")).to_be_hidden()
    expect(page.locator("#start")).to_have_attribute("aria-disabled", "true")
    wrappers.get_by_role("button", name="Remove Resize").click()
    steps = wrappers.get_by_label("Steps")
    steps.fill("0")
    expect(first.locator(".pal-field-fault")).to_have_text("Must be at least 1, not 0.")
    expect(steps).to_have_attribute("aria-invalid", "true")
    page.locator("#preset").focus()
    page.locator("#review").click()
    expect(steps).to_be_focused()
    steps.fill("50")
    expect(first.locator(".pal-field-fault")).to_be_hidden()
    expect(page.locator("#start")).not_to_have_attribute("aria-disabled", "true")


def test_what_is_known_of_the_wrappers_stays_when_the_list_becomes_text_and_a_list_again(page, wrappers):
    add(wrappers, "time limit", "resize")
    words = "Resize needs images of bytes"
    second, seen = rows(wrappers).nth(1), rows(wrappers).nth(0).locator(".pal-wrapper-seen")
    expect(second.locator(".pal-field-fault")).to_contain_text(words)
    expect(seen).to_contain_text("4 numbers")
    page.wait_for_timeout(400)  # so that no answer is on its way any more
    wrappers.get_by_role("button", name="Edit as JSON").click()
    expect(wrappers.locator("> .pal-field-fault")).to_contain_text(words)
    wrappers.get_by_role("button", name="Back to the list").click()
    expect(second.locator(".pal-field-fault")).to_contain_text(words)
    expect(wrappers.locator("> .pal-field-fault")).to_be_hidden()
    expect(seen).to_contain_text("4 numbers")


def test_any_other_wrapper_goes_by_module_and_class_with_its_arguments_as_json(page, wrappers):
    add(wrappers, "gymnasium.wrappers:DtypeObservation")
    expect(rows(wrappers).locator(".pal-field-fault")).to_contain_text("dtype")
    rows(wrappers).get_by_label("Arguments").fill('{"dtype": "float64"}')
    expect(rows(wrappers).locator(".pal-field-fault")).to_be_hidden()
    assert value(page) == [{"entry_point": "gymnasium.wrappers:DtypeObservation", "kwargs": {"dtype": "float64"}}]
    rows(wrappers).get_by_label("Class of the wrapper").fill("gymnasium.wrappers:NoSuch")
    expect(rows(wrappers).locator(".pal-field-fault")).to_contain_text("cannot be imported")


def test_the_list_becomes_text_and_the_text_a_list_without_loss(page, wrappers):
    given = [
        {"name": "frame_skip", "kwargs": {"skip": 2, "max_pool": None}},
        {"name": "time_limit", "kwargs": {"strange": [0, False, ""]}},
        {"entry_point": "a.b:C", "kwargs": {"zero": 0, "none": None}},
    ]
    page.evaluate("text => palaestra.train.model.set('environment.wrappers', text)", json.dumps(given))
    expect(rows(wrappers)).to_have_count(3)
    expect(rows(wrappers).nth(1).locator(".pal-wrapper-stranger")).to_have_text('strange: [0,false,""]')
    wrappers.get_by_role("button", name="Edit as JSON").click()
    text = wrappers.get_by_label("Edit as JSON")
    assert json.loads(text.input_value()) == given
    text.fill("[{")
    expect(wrappers.locator("> .pal-field-fault")).to_contain_text("Is not JSON")
    wrappers.get_by_role("button", name="Back to the list").click()
    expect(page.locator(".pal-toast")).to_contain_text("no JSON list of objects")
    text.fill(json.dumps(given[:1]))
    wrappers.get_by_role("button", name="Back to the list").click()
    expect(rows(wrappers)).to_have_count(1)
    assert value(page) == given[:1]


def test_what_is_a_field_of_the_form_is_found_among_the_wrappers_and_switched_on_there(page, wrappers):
    add(wrappers, "normalise rewards")
    switch = page.locator('.pal-field[data-path="environment.normalize_reward"] input')
    expect(switch).to_be_checked()
    expect(switch).to_be_focused()
    assert value(page) == []


def test_discretised_actions_let_dqn_act_where_it_could_not(page, wrappers):
    choose(page, "Pendulum-v1")
    page.locator("#algorithm-dqn").check(force=True)
    expect(page.locator('[data-algorithm="dqn"]')).to_have_class("pal-segment pal-chosen pal-unfit")
    add(wrappers, "discretise")
    expect(page.locator('[data-algorithm="dqn"]')).to_have_class("pal-segment pal-chosen")
    expect(rows(wrappers).locator(".pal-wrapper-seen")).to_have_text("1 continuous action → 5 actions")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out(page, wrappers, width):
    page.set_viewport_size({"width": width, "height": 844})
    add(wrappers, "frame skip", "time passed", "sticky", "gymnasium.wrappers:DtypeObservation")
    expect(rows(wrappers)).to_have_count(4)
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    edge = wrappers.bounding_box()
    for part in wrappers.locator("button:visible, input:visible, select:visible, textarea:visible").all():
        box = part.bounding_box()
        assert box["x"] >= edge["x"]
        assert box["x"] + box["width"] <= edge["x"] + edge["width"] + 1


def test_a_list_with_faults_is_accessible(page, wrappers):
    add(wrappers, "frame skip", "resize", "a.b:C")
    expect(rows(wrappers).nth(1).locator(".pal-field-fault")).to_be_visible()
    settle(page)
    assert faults(page) == []
    # The same while a stranger among them is tried in a process of its own, and what is shown was known before.
    expect(page.locator(".pal-wrappers-stale")).to_have_count(0, timeout=20_000)
    page.evaluate("document.querySelector('.pal-wrappers').classList.add('pal-wrappers-stale')")
    assert faults(page) == []

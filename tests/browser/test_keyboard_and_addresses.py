"""Shortcuts, said once by the parts that act on them and listed by "?"; addresses of tabs and of places in them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stage import open_stage, run
from ui.guide_pages import guides
from ui.page import ASSETS


@pytest.fixture
def stage(empty_page, rest):
    return open_stage(empty_page, rest)


def listed(page):
    return page.locator(".pal-shortcut:visible").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('kbd')].map(key => key.textContent).join(' '))"
    )


def test_a_question_mark_lists_the_shortcuts_of_every_tab_there_is(stage):
    stage.keyboard.press("?")
    assert stage.locator(".pal-shortcuts h3").all_inner_texts() == ["On every tab", "Train", "Monitor", "Videos"]
    assert listed(stage) == ["?", "g t", "g m", "g v", "Ctrl Enter", "/", "p", "1–4", "← →", "/"]


def test_a_long_list_of_shortcuts_can_be_searched(stage):
    stage.evaluate(
        """() => {
          for (const key of "abcdef") palaestra.shortcut(key, () => {}, {tab: "monitor", says: () => `Do ${key}`});
        }"""
    )
    stage.keyboard.press("?")
    search = stage.locator(".pal-shortcutbox input")
    search.fill("columns")
    assert listed(stage) == ["1–4"]
    search.fill("train")  # a tab's title finds all of its rows
    assert listed(stage) == ["g t", "Ctrl Enter", "/"]
    search.fill("")
    assert len(listed(stage)) == 16


def test_every_shortcut_of_the_page_is_listed_or_part_of_a_row_that_is(stage):
    said = {"2", "3", "4"}  # "1–4" stands for them
    for path in sorted(ASSETS.glob("*.js")):
        calls = re.findall(r'pal\.shortcut\("([^"]+)", .*', path.read_text(encoding="utf-8"))
        whole = re.findall(r'pal\.shortcut\("([^"]+)", .*says', path.read_text(encoding="utf-8"))
        assert set(calls) - said <= set(whole), path.name


def test_g_and_a_letter_lead_to_a_tab_but_not_while_one_types(page):
    page.keyboard.press("g")
    page.keyboard.press("v")
    expect(page.locator("#tab-videos-button")).to_have_attribute("aria-selected", "true")
    page.locator("#pal-videos input[type=search]").fill("")
    page.keyboard.type("gt")
    expect(page.locator("#tab-videos-button")).to_have_attribute("aria-selected", "true")


def test_an_address_leads_to_a_place_in_a_tab_now_and_when_its_tab_is_built(page):
    page.evaluate(
        """() => {
          window.shown = [];
          palaestra.goTo("#videos/some%20place=1");
          palaestra.place("videos", place => window.shown.push(place));
          location.hash = "#videos/other";
        }"""
    )
    page.wait_for_function("() => window.shown.length === 2")
    assert page.evaluate("() => window.shown") == ["some place=1", "other"]
    expect(page.locator("#tab-videos-button")).to_have_attribute("aria-selected", "true")
    assert page.evaluate("() => [palaestra.goTo('#nowhere/x'), palaestra.goTo('javascript:1')]") == [False, False]
    page.evaluate("() => { location.hash = '#videos/%E0%A4%A'; }")  # no UTF-8
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_function("() => location.hash === '#monitor'")


def test_an_address_names_the_place_that_is_shown_and_no_preset_that_was_loaded_before(page):
    page.evaluate("location.hash = '#train/preset=dqn_cartpole'")
    page.wait_for_function("palaestra.train.model.preset === 'dqn_cartpole'")
    expect(page).to_have_url(re.compile("#train$"))  # so a reload brings back what was made of it
    for place in ("#environments/CartPole-v1", "#help/reading-the-curves"):
        page.evaluate("place => { location.hash = place; }", place)
        page.wait_for_selector(f'[role="tab"][aria-selected="true"][id="tab-{place[1:].split("/")[0]}-button"]')
        page.wait_for_selector(".pal-envs-id code" if "CartPole" in place else "#pal-help[data-ready]")
        page.keyboard.press("g")
        page.keyboard.press("t")
        expect(page).to_have_url(re.compile("#train$"))
        page.locator(f"#tab-{place[1:].split('/')[0]}-button").click()
        expect(page).to_have_url(re.compile(f"{place}$"))
        page.locator("#tab-train-button").click()


def test_what_the_engine_warns_of_leads_to_the_guide_about_it(empty_page, rest):
    rest.runs = [run(reason="The policy has collapsed: for 10 updates …"), run(2, reason="The disk is full.")]
    open_stage(empty_page, rest)
    links = empty_page.locator('.pal-card a[href^="#help/"]')
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "#help/when-it-does-not-learn/entropy")
    guide = next(each for each in guides("en") if each["name"] == "when-it-does-not-learn")
    assert {"entropy", "nan"} <= {node[1].get("anchor") for node in guide["nodes"]}

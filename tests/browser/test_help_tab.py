"""The Help tab in a real browser: guides that lead into the page, a search, addresses, versions and licences."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def guides(page):
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_selector("#pal-help[data-ready]")
    return page


def title(page):
    return page.locator(".pal-guide-title")


def test_a_guide_opens_from_the_list_and_the_address_the_way_back_and_a_reload_find_it_again(guides):
    expect(title(guides)).to_have_text("Your first agent in five minutes")
    guides.locator(".pal-guide-list > li > a", has_text="Reading the curves").click()
    expect(title(guides)).to_have_text("Reading the curves")
    guides.locator(".pal-guide-headings a", has_text="Before you believe a curve").click()
    guides.wait_for_function("() => location.hash === '#help/reading-the-curves/belief'")
    expect(guides.locator("#guide-reading-the-curves-belief")).to_be_in_viewport()
    expect(guides.locator("#guide-reading-the-curves-belief")).to_be_focused()
    guides.go_back()
    guides.wait_for_function("() => location.hash === '#help/reading-the-curves'")
    guides.reload()
    expect(title(guides)).to_have_text("Reading the curves")
    expect(guides.locator('.pal-guide-list a[aria-current="page"]')).to_have_text("Reading the curves")


def test_a_button_of_a_guide_really_loads_its_preset(guides):
    guides.locator(".pal-guide-list > li > a", has_text="Continuous").click()
    guides.locator(".pal-guide a.pal-button", has_text="sac_pendulum").click()
    expect(guides.locator("#tab-train-button")).to_have_attribute("aria-selected", "true")
    expect(guides.locator("#algorithm-sac")).to_be_checked()
    expect(guides.locator("#preset")).to_have_value("sac_pendulum")


def test_a_name_of_a_field_opens_train_at_that_field_however_often(guides):
    for _ in range(2):
        guides.evaluate("() => palaestra.goTo('#help/when-it-does-not-learn/table')")
        guides.locator(".pal-guide-field", has_text="environment.normalize_reward").first.click()
        field = guides.locator('.pal-field[data-path="environment.normalize_reward"]')
        expect(field.locator("input")).to_be_focused()
        expect(field).to_be_in_viewport()
        expect(field).to_have_class(re.compile("pal-pointed"))


def test_a_field_of_another_algorithm_is_looked_for_which_says_whose_it_is(guides):
    guides.evaluate("() => palaestra.goTo('#help/when-it-does-not-learn/table')")
    guides.locator('.pal-guide-field[href$="dqn:algorithm.exploration_fraction"]').click()
    expect(guides.locator("#field-search")).to_have_value("exploration fraction")
    expect(guides.locator(".pal-search-offers").get_by_role("button")).to_have_text(["DQN", "QR-DQN"])


def test_the_search_finds_a_place_in_any_guide(guides):
    guides.keyboard.press("/")
    guides.keyboard.type("reverse proxy")
    expect(guides.locator(".pal-guide-found strong").first).to_have_text("Behind a reverse proxy")
    expect(guides.locator(".pal-guide-list")).to_be_hidden()
    guides.keyboard.press("Enter")
    expect(title(guides)).to_have_text("Sharing safely")
    guides.locator(".pal-help-nav input").fill("explained_variance zebra")
    expect(guides.locator(".pal-guide-count")).to_have_text("0 places")
    guides.keyboard.press("Escape")
    expect(guides.locator(".pal-guide-list")).to_be_visible()


def test_about_tells_versions_and_shows_the_text_of_every_licence(guides):
    guides.locator(".pal-guide-list a", has_text="About").click()
    facts = guides.locator(".pal-about-facts").first
    expect(facts).to_contain_text("Palaestra")
    expect(facts).to_contain_text("stable-baselines3")
    guides.locator(".pal-about-search input").fill("ale-py")
    row = guides.locator(".pal-about tbody tr:visible")
    expect(row).to_have_count(1)
    row.locator("button").click()
    expect(guides.locator("dialog pre")).to_contain_text("GNU GENERAL PUBLIC LICENSE")
    guides.keyboard.press("Escape")
    guides.context.grant_permissions(["clipboard-read", "clipboard-write"])
    guides.locator("#copy-report").click()
    expect(guides.locator("#copy-report")).to_have_text("Copied")
    report = guides.evaluate("() => navigator.clipboard.readText()")
    assert "gymnasium: " in report
    assert "Browser: Mozilla" in report


def test_on_a_phone_the_list_folds_away_and_rows_of_a_table_are_blocks(guides):
    guides.set_viewport_size({"width": 390, "height": 844})
    nav = guides.locator(".pal-help-nav")
    expect(nav).not_to_have_attribute("open", "")
    nav.locator("summary").click()
    nav.locator(".pal-guide-list > li > a", has_text="When it does not learn").click()
    expect(nav).not_to_have_attribute("open", "")
    expect(title(guides)).to_have_text("When it does not learn")
    cell = guides.locator(".pal-guide-rows td").first
    assert cell.bounding_box()["width"] > 250
    assert guides.evaluate("() => document.documentElement.scrollWidth") == 390


def test_guides_are_read_in_the_readers_language(chromium, server):
    context = chromium.new_context(locale="es-ES")
    page = context.new_page()
    page.goto(f"{server.url}/#help/sharing-safely")
    page.wait_for_selector("#pal-help[data-ready]")
    language = page.locator(".pal-guide").get_attribute("lang")
    assert language in ("es", "en")
    assert page.locator(".pal-help-nav input").get_attribute("placeholder") == "Buscar en las guías"
    context.close()

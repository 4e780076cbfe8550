"""Settings in a real browser over a real server: a choice counts at once, lasts, and can be taken back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def settings(page):
    page.evaluate("palaestra.selectTab('settings')")
    page.wait_for_selector("#pal-settings[data-ready]")
    return page


@pytest.fixture
def no_defaults(server):
    path = Path(server.api("GET", "/api/settings/defaults")["path"])
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def again(page):
    """Open the page in another tab of the same browser."""
    other = page.context.new_page()
    other.set_default_timeout(20_000)
    other.goto(page.url.partition("#")[0])
    other.wait_for_selector("#pal-train[data-ready]")
    return other


def leave_and_return(page):
    """Look at another tab until the browser has drawn it, which tells the one before that it is not seen any more."""
    page.evaluate("palaestra.selectTab('train')")
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.evaluate("palaestra.selectTab('settings')")


def test_the_theme_is_chosen_at_once_here_and_in_the_other_tabs_and_lasts(settings):
    body = settings.locator("body")
    other = again(settings)
    settings.get_by_label("Theme", exact=True).select_option("dark")
    expect(body).to_have_class(re.compile(r"\bdark\b"))
    expect(other.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    other.reload()
    expect(other.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    settings.get_by_label("Theme", exact=True).select_option("light")
    expect(body).not_to_have_class(re.compile(r"\bdark\b"))
    other.close()


@pytest.mark.parametrize(
    ("language", "tab", "refusal"),
    [
        ("zh-CN", "训练", "批大小 – "),
        ("es", "Entrenar", "Tamaño de lote – Debe ser al menos 1, no 0."),
    ],
)
def test_another_language_is_spoken_everywhere_and_what_was_typed_stays(page, language, tab, refusal):
    steps = page.locator('[data-path="training.total_timesteps"] input')
    steps.fill("12345")
    page.evaluate("palaestra.selectTab('settings')")
    page.wait_for_selector("#pal-settings[data-ready]")
    with page.expect_navigation():
        page.get_by_label("Language", exact=True).select_option(language)
    page.wait_for_selector("#pal-settings[data-ready]")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#tab-train-button")).to_have_text(tab)
    page.locator("#tab-train-button").click()
    assert page.evaluate("palaestra.train.model.values['training.total_timesteps']") == 12345

    page.evaluate(
        """() => {
            const details = [{field: "algorithm.batch_size", message: "must be at least 1, not 0"}];
            palaestra.fail(new palaestra.ApiError("algorithm.batch_size: must be at least 1, not 0", {details}), "x");
        }"""
    )
    expect(page.get_by_role("alert").get_by_text(f"x: {refusal}")).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for name in page.evaluate("palaestra.tabs()"):
            assert page.evaluate("name => palaestra.selectTab(name)", name)
            page.wait_for_function("name => palaestra.currentTab() === name", arg=name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_a_new_browser_tab_begins_with_what_was_typed_last_unless_it_is_forgotten(settings):
    settings.evaluate("palaestra.train.model.set('training.seed', 77)")
    seed = "palaestra.train.model.values['training.seed']"
    other = again(settings)
    assert other.evaluate(seed) == 77
    other.close()
    settings.get_by_role("button", name="Forget them").click()
    other = again(settings)
    assert other.evaluate(seed) == 0
    other.evaluate("palaestra.train.model.set('training.seed', 78)")
    other.close()
    settings.evaluate("palaestra.train.model.set('training.seed', 79)")
    settings.get_by_label("Remember the last values").uncheck()
    other = again(settings)
    assert other.evaluate(seed) == 0
    other.close()
    settings.reload()
    settings.wait_for_selector("#pal-train[data-ready]", state="attached")
    assert settings.evaluate(seed) == 79, "a reload brings back what this tab held"


def test_what_is_to_be_asked_first_is_asked_once_and_can_be_left_unasked(settings):
    stop = settings.get_by_label("Stopping a run")
    expect(stop).not_to_be_checked()
    ask = "palaestra.confirmed('stop', {title: 'Stop it?', text: 'It ends.', action: 'Stop'})"
    assert settings.evaluate(ask) is True, "nothing is asked while the rule is off"
    stop.check()
    for press, taken in (("Cancel", False), ("Stop", True)):
        settings.evaluate(f"() => {{ window.answer = null; {ask}.then((answer) => (window.answer = answer)); }}")
        dialog = settings.get_by_role("dialog", name="Stop it?")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        dialog.get_by_label(re.compile("Do not ask again")).check()
        dialog.get_by_role("button", name=press, exact=True).click()
        settings.wait_for_function("window.answer !== null")
        assert settings.evaluate("window.answer") is taken
        expect(stop).to_be_checked(checked=not taken)


def test_own_defaults_are_made_set_refused_and_taken_back_in_the_page(settings, no_defaults):
    part = settings.locator("#settings-defaults")
    part.get_by_role("button", name="Create the file").click()
    expect(part.get_by_text("The file sets nothing yet.")).to_be_visible()
    assert no_defaults.is_file()

    part.get_by_role("combobox").click()
    part.get_by_role("combobox").fill("seed")
    part.get_by_role("option").filter(has_text="training.seed").click()
    field = part.locator(".pal-defaults-form input")
    field.fill("-5")
    field.press("Enter")
    expect(part.get_by_role("alert").filter(has_text="must be")).to_be_visible()
    field.fill("7")
    field.press("Enter")
    row = part.locator('[data-key="training.seed"]')
    expect(row).to_contain_text("7")
    assert "seed = 7" in no_defaults.read_text(encoding="utf-8").splitlines()

    no_defaults.write_text("[training]\nsede = 1\n")
    leave_and_return(settings)
    expect(part.get_by_text("Line 2: is not a known setting")).to_be_visible()
    for written, said in (
        ("[training]\nseed = 9\nsede = 1\n", "what is right in it was taken: training.sede – Line 3"),
        ("what is this?", "nothing of it was taken: defaults.toml is not TOML"),
    ):
        no_defaults.write_text(written)
        settings.evaluate("() => palaestra.train.config.fresh()")
        expect(settings.locator('.pal-toast[data-key="own defaults"]')).to_contain_text(said)
    no_defaults.write_text("[training]\nseed = 8\n")
    leave_and_return(settings)
    row.get_by_role("button", name="Take Seed back").click()
    expect(row).to_have_count(0)
    expect(part.get_by_role("combobox")).to_be_focused()
    assert "# seed = 8" in no_defaults.read_text()


def test_a_reset_forgets_every_choice(settings):
    settings.get_by_label("Theme", exact=True).select_option("dark")
    settings.get_by_label("Open Monitor after Start").uncheck()
    settings.locator("#settings-reset-go").click()
    with settings.expect_navigation():
        settings.get_by_role("dialog").get_by_role("button", name="Reset").click()
    settings.wait_for_selector("#pal-settings[data-ready]")
    expect(settings.get_by_label("Open Monitor after Start")).to_be_checked()
    expect(settings.locator("body")).not_to_have_class(re.compile(r"\bdark\b"))

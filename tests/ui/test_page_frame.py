"""The frame of the page: what the browser is told to load, that it all comes from us, and that it can be read."""

import re
from pathlib import Path

import pytest
from gradio.themes.utils.fonts import LocalFont, font_file_path

from ui.catalogue import LANGUAGES
from ui.page import ASSETS, assets_in_order, launch_options, page_head
from ui.theme import PalaestraTheme

SCRIPTS = sorted(ASSETS.glob("*.js"))
STYLES = sorted(ASSETS.glob("*.css"))
# Classes of one sheet that another one adds to, meaning the same part of the page.
SHARED = {
    "pal-card-head",
    "pal-card-trouble",
    "pal-config",
    "pal-config-state",
    "pal-count",
    "pal-defaults-form",
    "pal-group",
    "pal-name-form",
    "pal-tile-play",
}


def test_every_asset_is_loaded_once_the_foundation_first_and_the_start_last():
    names = assets_in_order()
    assert sorted(names[".js"]) == [path.name for path in SCRIPTS]
    assert sorted(names[".css"]) == [path.name for path in STYLES]
    assert names[".js"][:4] == ["core.js", "preferences.js", "theme.js", "texts.js"]
    assert names[".js"][-1] == "start.js"
    assert names[".css"][0] == "base.css"


def test_every_address_in_the_head_is_relative_and_carries_a_digest_of_its_content():
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page_head())
    assert len(addresses) == len(SCRIPTS) + len(STYLES) + len(list(LANGUAGES.glob("*.json")))
    assert all(re.fullmatch(r"assets/(languages/)?[\w.-]+\?v=[0-9a-f]{12}", address) for address in addresses)


def test_the_chosen_theme_reaches_the_scripts():
    assert '<meta name="palaestra-theme" content="dark">' in launch_options("dark")["head"]
    assert '<meta name="palaestra-theme" content="system">' in launch_options()["head"]


def test_the_chosen_language_reaches_the_scripts_and_without_one_the_browser_says():
    assert '<meta name="palaestra-language" content="es">' in launch_options(language="es")["head"]
    assert 'name="palaestra-language"' not in launch_options()["head"]


def test_gradio_shows_no_links_and_records_nothing():
    options = launch_options()
    assert options["footer_links"] == []
    assert options["run_history"] is False
    assert Path(options["favicon_path"]).is_file()


def test_the_theme_asks_nobody_for_fonts_and_its_fonts_hold_latin_letters():
    theme = PalaestraTheme()
    assert not [sheet for sheet in theme._stylesheets if "//" in sheet]
    for font in (*theme._font, *theme._font_mono):
        if isinstance(font, LocalFont):
            # The subsets that lack Latin letters are a fraction of this size.
            assert all(font_file_path(font.name, weight).stat().st_size > 30_000 for weight in font.weights)


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_no_asset_fetches_from_elsewhere(path):
    foreign = re.findall(r"(?:https?:)?//[\w.-]+\.\w{2,}", path.read_text(encoding="utf-8"))
    assert [address for address in foreign if "www.w3.org" not in address] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_turns_text_into_markup_or_code(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function", text) == []
    assert text.count("\n") < 400


def test_no_two_style_sheets_mean_different_things_by_one_class():
    owners: dict[str, set[str]] = {}
    users: dict[str, set[str]] = {}
    for sheet in STYLES:
        css = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for rule in re.findall(r"([^{};]+)\{", css):
            for selector in re.split(r",(?![^(]*\))", rule):
                if first := re.match(r"\.(pal-[\w-]+)(?=$|[\s>~+])", selector.strip()):
                    users.setdefault(first[1], set()).add(sheet.name)
                    if first[0] == selector.strip():
                        owners.setdefault(first[1], set()).add(sheet.name)
    twice = {name: sorted(users[name]) for name in owners if len(users[name]) > 1}
    assert {name: sheets for name, sheets in twice.items() if name not in SHARED} == {}


def test_text_and_signs_have_enough_contrast_in_light_and_dark():
    light, dark = (ASSETS / "base.css").read_text(encoding="utf-8").split("body.dark {", 1)
    for css, surface in ((light, "#ffffff"), (dark, PalaestraTheme().neutral_900)):
        colours = dict(re.findall(r"--pal-(\w+(?:-\d)?): (#[0-9a-f]{6});", css))
        assert len([name for name in colours if name.startswith("run-")]) == 8
        for name, colour in colours.items():
            if name == "sunk":
                continue
            needed = 3.0 if name.startswith("run-") else 4.5
            assert _contrast(colour, surface) >= needed, name


def _contrast(first: str, second: str) -> float:
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

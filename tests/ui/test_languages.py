"""Every text of the page in every language: none missing, none left over, nothing lost between its braces."""

import json
import re
from pathlib import Path

import pytest

from tests.ui.server_texts import field_texts, remarks, sentences, spoken, told
from trainer.envs.catalogue import FAMILY_TITLES
from trainer.envs.optional import OPTIONAL
from trainer.errors import NotFoundError
from ui.catalogue import ENGLISH, LANGUAGES, find_language, languages
from ui.page import ASSETS, page_head

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ROOT / "trainer"
# Without what only people read.
SCRIPTS = {
    path.name: re.sub(r"(?m)^\s*//.*$", "", path.read_text(encoding="utf-8")) for path in sorted(ASSETS.glob("*.js"))
}
TRANSLATIONS = [tag for tag in languages() if tag != ENGLISH]
# Of checkpoints, as the page shows them.
KINDS = ("periodic", "pause", "stop", "fork", "milestone", "best", "final")
# Said to scripts alone.
ENGLISH_ONLY = {
    "leave a cursor empty to ask for nothing of its kind",
    "pass the cursor of the previous answer back",
    "{1} is not a cursor",
    '{"algorithm.gamma": 0.98}',
}
# Families of environments that are called so everywhere; the page has its own word for "Yours".
NAMES = {"Atari", "Box2D", "MuJoCo", "MiniWorld", "PyBullet", "Flappy Bird", "ViZDoom", "PyFlyt", "Yours"}
HOLES = {"{1}", "{2}", "{3}", "{2}.", "{1}: {2}"}  # nothing in them is to be translated
# CLDR's categories for whole numbers; those of a language that are not given fall to "other".
PLURAL_FORMS = {"zero", "one", "two", "few", "many", "other"}


def catalogue(tag):
    """Return a language's texts; a key that stands twice is a mistake."""

    def once(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), [key for key in keys if keys.count(key) > 1]
        return dict(pairs)

    return json.loads((LANGUAGES / f"{tag}.json").read_text(encoding="utf-8"), object_pairs_hook=once)


def forms(entry):
    return [entry] if isinstance(entry, str) else list(entry.values())


def placeholders(entry):
    return set(re.findall(r"\{(\w+)\}", " ".join(forms(entry))))


def test_every_text_that_a_script_asks_for_exists():
    texts = catalogue(ENGLISH)
    areas = "|".join(sorted({key.split(".")[0] for key in texts}))
    for name, script in SCRIPTS.items():
        asked = re.findall(r'\b(?:text|english)\(\s*"([^"]+)"', script)
        asked += re.findall(rf'"((?:{areas})\.[a-z_.]+)"', script)
        assert [key for key in asked if key not in texts] == [], name
        for made in re.findall(r"\b(?:text|english)\(\s*`([^`]+)`", script):
            assert any(_made(made).fullmatch(key) for key in texts), (name, made)


def test_no_script_says_anything_but_texts_of_the_catalogue():
    names = r'(?:\btext|placeholder|label|title|tip|alt|empty|"aria-label")'
    words = r"[A-Z]?[a-z]+(?: [a-z]+)+|[A-Z][a-z]{2,}"
    told = {name: re.findall(rf"{names}: [\"`]({words})[\"`.]", script) for name, script in SCRIPTS.items()}
    told = {name: found for name, found in told.items() if found and found != ["Palaestra"]}
    assert told == {}


def test_no_text_is_left_that_nothing_asks_for():
    everything = "\n".join(SCRIPTS.values())
    made = [_made(template) for template in re.findall(r"`((?:[a-z_]+\.)+[^`]*)`", everything)]
    unused = [
        key
        for key in catalogue(ENGLISH)
        if f'"{key}"' not in everything and not any(template.fullmatch(key) for template in made)
    ]
    assert unused == ["language.name"]  # asked for by ui/catalogue.py


@pytest.mark.parametrize("tag", TRANSLATIONS)
def test_every_language_has_every_text_and_no_other(tag):
    assert sorted(catalogue(tag)) == sorted(catalogue(ENGLISH))


@pytest.mark.parametrize("tag", TRANSLATIONS)
def test_every_language_fills_in_the_same_values(tag):
    english, other = catalogue(ENGLISH), catalogue(tag)
    assert {key for key in english if placeholders(english[key]) != placeholders(other.get(key, english[key]))} == set()


@pytest.mark.parametrize("tag", languages())
def test_a_text_with_plural_forms_counts_something_and_has_a_form_for_everything_else(tag):
    for key, entry in catalogue(tag).items():
        assert all(text.strip() for text in forms(entry)), key
        if not isinstance(entry, str):
            assert set(entry) <= PLURAL_FORMS, key
            assert "other" in entry, key


def test_every_setting_is_told_in_every_language():
    for tag in TRANSLATIONS:
        said = json.loads((LANGUAGES / f"{tag}.server.json").read_text(encoding="utf-8"))
        assert sorted(field_texts() - set(said)) == [], tag


@pytest.mark.parametrize("tag", TRANSLATIONS)
def test_what_is_said_of_settings_imports_environments_and_runs_is_told_in_every_language(tag):
    said = json.loads((LANGUAGES / f"{tag}.server.json").read_text(encoding="utf-8"))
    texts = told(TRAINER / "runs") | told(TRAINER / "envs") | told(TRAINER / "config")
    texts |= remarks(TRAINER) | remarks(ROOT / "api" / "routers") | {*KINDS, *(family.about for family in OPTIONAL)}
    texts |= {*FAMILY_TITLES.values()} - NAMES
    texts -= ENGLISH_ONLY | told(TRAINER / "config" / "defaults_text.py")  # a file of comments in English
    lacking = [text for text in texts if text not in said and not sentences(text) <= set(said) | HOLES]
    assert sorted(lacking) == []


@pytest.mark.parametrize("tag", TRANSLATIONS)
def test_what_the_server_says_is_translated_from_what_it_really_says_and_keeps_its_values(tag):
    said = json.loads((LANGUAGES / f"{tag}.server.json").read_text(encoding="utf-8"))
    spoken_now = field_texts().union(*(spoken(ROOT / folder) for folder in ("trainer", "ui", "api")))
    assert sorted(set(said) - spoken_now) == []
    holes = r"\{(\w+)(?::[^{}]*)?\}"
    lost = [text for text, other in said.items() if set(re.findall(holes, text)) != set(re.findall(holes, other))]
    assert lost == []


def test_every_language_translates_the_same_sentences_of_the_server():
    keys = [set(json.loads((LANGUAGES / f"{tag}.server.json").read_text(encoding="utf-8"))) for tag in TRANSLATIONS]
    assert all(each == keys[0] for each in keys)


def test_the_page_offers_every_language_by_its_own_name():
    head = page_head()
    for tag, name in languages().items():
        assert re.search(rf'rel="palaestra-language" hreflang="{tag}" title="{name}" href="assets/languages/', head)


@pytest.mark.parametrize(("wanted", "found"), [("es", "es"), ("ES-mx", "es"), ("zh", "zh-CN"), ("zh_CN", "zh-CN")])
def test_a_language_is_found_by_what_people_call_it(wanted, found):
    assert find_language(wanted) == found


def test_an_unknown_language_is_refused_with_those_that_there_are():
    with pytest.raises(NotFoundError, match="en, es, zh-CN"):
        find_language("klingon")


def _made(template):
    """Return a pattern of the keys that a template makes: `tab.${name}` makes tab.train."""
    return re.compile(re.sub(r"\\\$\\\{.*?\\\}", r"[\\w.-]+", re.escape(template)))

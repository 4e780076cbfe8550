"""The guides: true to the program (every link leads somewhere), whole in every language, and never markup."""

import inspect
import json
import re

import pytest

from trainer.config import field_specs
from trainer.config.presets import PresetStore
from trainer.paths import BUILT_IN_PRESETS
from ui.catalogue import ENGLISH, LANGUAGES, languages
from ui.guide_pages import GUIDES, ORDER, guides, parse

TABS = {"train", "monitor", "videos", "help", "environments", "tools", "settings"}
TRANSLATIONS = [tag for tag in languages() if tag != ENGLISH]


def nodes(tree, kind):
    """Return all nodes of a kind in a tree, in reading order."""
    found = [tree] if tree[0] == kind else []
    return found + [inner for child in tree[2:] if isinstance(child, list) for inner in nodes(child, kind)]


def text(tree):
    return "".join(child if isinstance(child, str) else text(child) for child in tree[2:])


def all_of(kind, guide):
    return [node for tree in guide["nodes"] for node in nodes(tree, kind)]


def anchors(guide):
    return [node[1]["anchor"] for kind in ("h2", "h3") for node in all_of(kind, guide) if "anchor" in node[1]]


@pytest.fixture(scope="module")
def english():
    return {guide["name"]: guide for guide in guides(ENGLISH)}


def test_every_guide_is_listed_and_every_heading_has_an_anchor(english):
    assert tuple(english) == ORDER
    assert {path.stem for path in (GUIDES / ENGLISH).glob("*.md")} == set(ORDER)
    for guide in english.values():
        assert len(anchors(guide)) == len(set(anchors(guide))) == len(all_of("h2", guide) + all_of("h3", guide))


@pytest.mark.parametrize("tag", languages())
def test_every_link_of_a_guide_leads_somewhere(tag, english):
    presets = PresetStore(BUILT_IN_PRESETS, BUILT_IN_PRESETS)
    named = {info.name for info in presets.list()}
    paths = {spec.path for spec in field_specs()}
    keys = {f"{spec.algorithm}:{spec.path}" for spec in field_specs() if spec.algorithm} | paths
    for guide in guides(tag):
        for link in all_of("a", guide):
            address = link[1]["href"]
            if address.startswith("https://"):
                continue
            tab, _, place = address[1:].partition("/")
            assert tab in TABS, address
            if tab == "help":
                name, _, anchor = place.partition("/")
                assert name in english, address
                assert not anchor or anchor in anchors(english[name]), address
            elif place.startswith("preset="):
                assert place.removeprefix("preset=") in named, address
            elif place.startswith("field="):
                assert place.removeprefix("field=") in keys, address
            else:
                assert place in ("", "presets"), address


@pytest.mark.parametrize("tag", languages())
def test_a_guide_calls_a_field_as_the_page_does(tag):
    said = {} if tag == ENGLISH else json.loads((LANGUAGES / f"{tag}.server.json").read_text(encoding="utf-8"))
    titles = {}
    for spec in field_specs():
        for name in {spec.path, spec.key}:
            titles.setdefault(name, set()).add(said.get(spec.title, spec.title))
    for guide in guides(tag):
        listed = [node[2] for node in all_of("li", guide)]
        for link in all_of("a", guide):
            _, found, name = link[1]["href"].partition("#train/field=")
            called = text(link)
            if not found or called == name.rpartition(":")[2]:
                continue
            assert any(called.casefold() in title.casefold() for title in titles[name]), (guide["name"], called)
            if link in listed:
                assert called in titles[name], (guide["name"], called, "is what a list explains")


def test_a_sign_that_it_does_not_learn_leads_to_a_field(english):
    (table,) = all_of("table", english["when-it-does-not-learn"])
    rows = nodes(table, "tr")[1:]
    assert len(rows) >= 15
    with_a_field = [row for row in rows if any("#train/field=" in link[1]["href"] for link in nodes(row, "a"))]
    assert len(with_a_field) >= 15
    for row in rows:
        for link in nodes(row, "a"):
            address = link[1]["href"].removeprefix("#train/field=")
            assert text(link) in (address.rpartition(":")[2], "wrappers"), "a field is called by its name"


def test_every_series_that_any_algorithm_logs_is_explained(english):
    import sb3_contrib
    import stable_baselines3

    known = {text(node) for node in all_of("code", english["reading-the-curves"])}
    logged = set()
    packages = [
        (stable_baselines3, "PPO A2C DQN SAC TD3 DDPG"),
        (sb3_contrib, "QRDQN TQC TRPO RecurrentPPO MaskablePPO CrossQ ARS"),
    ]
    for package, names in packages:
        for name in names.split():
            source = inspect.getsource(inspect.getmodule(getattr(package, name)))
            logged |= set(re.findall(r'logger\.record\("((?:train|rollout)/\w+)"', source))
    assert len(logged) > 20
    assert sorted(logged - known) == []
    assert {"episode/return", "episode/length", "eval/mean_return", "time/fps"} <= known


@pytest.mark.parametrize("tag", TRANSLATIONS)
@pytest.mark.parametrize("name", ORDER)
def test_a_translated_guide_has_the_same_parts_and_leads_to_the_same_places(tag, name, english):
    guide = next(each for each in guides(tag) if each["name"] == name)
    assert guide["language"] == tag
    assert guide["title"] != english[name]["title"]
    assert anchors(guide) == anchors(english[name])
    for kind in ("a", "tr", "li", "pre"):
        assert len(all_of(kind, guide)) == len(all_of(kind, english[name])), kind
    addresses = [sorted(link[1]["href"] for link in all_of("a", each)) for each in (guide, english[name])]
    assert addresses[0] == addresses[1]
    assert [text(node) for node in all_of("pre", guide)] == [text(node) for node in all_of("pre", english[name])]


def test_what_a_language_lacks_is_read_in_english():
    assert [guide["language"] for guide in guides("xx")] == [ENGLISH] * len(ORDER)


def test_markup_in_a_guide_is_text_and_no_link_runs_anything():
    title, trees = parse('# A <b>title</b>\n\n<img src=x onerror="alert(1)"> and [go](#train/preset=x "button")\n')
    assert title == "A <b>title</b>"
    (paragraph,) = trees
    assert "<img src=x" in text(paragraph)
    assert nodes(paragraph, "a") == [["a", {"href": "#train/preset=x", "button": "true"}, "go"]]
    for address in ("http://example.org", "//example.org", "/api/runs", "#Train"):
        with pytest.raises(ValueError, match="does not lead to"):
            parse(f"# T\n\n[x]({address})")
    assert nodes(parse("# T\n\n[x](javascript:alert(1))")[1][0], "a") == []
    with pytest.raises(ValueError, match="no <img>"):
        parse("# T\n\n![x](#train)")
    with pytest.raises(ValueError, match="title"):
        parse("no title")


def test_the_end_of_a_line_is_a_space_only_where_words_have_one_between_them():
    assert [text(node) for node in parse("# T\n\n设置\n每个 `x`\n\nof a\nline\n")[1]] == ["设置每个 x", "of a line"]

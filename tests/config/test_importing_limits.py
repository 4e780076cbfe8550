"""Texts that would make an import endless, or that no answer could tell of: refused in words, or read and harmless."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from api.responses import JsonResponse
from trainer.config.importing import Imported, import_text, zoo
from trainer.config.strict_json import parse_json
from trainer.errors import ConfigError


def zoo_entry(lines: str) -> Imported:
    return import_text(f"CartPole-v1:\n  {lines}\n", file_name="ppo.yml")


def read(data: Any) -> Imported:
    return import_text(json.dumps(data), kind="flat")


BOMB = "a: &a {x: [1,1,1,1,1,1,1,1,1,1]}\n" + "".join(
    f"{new}: &{new} {{x: [{', '.join([f'*{old}'] * 10)}]}}\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 10)}]}}\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']",
        "a: !!python/name:os.system",
        "a: [1, 2",
        "- 1\n- 2",
        "just words",
        "",
        "[" * 5000,
        BOMB,
        MERGES,
        "a: &a {b: *a}",
        "a: 1\n" * 60_000,
        "a: " + "9" * 6000,
        "a: 0x" + "f" * 5000,
        "a: !!int 1" + ":1" * 50_000,
        "a: !!float 1" + ":1" * 200 + ".5",
        'a: {"\\ud800": 1}',
        "a: {b: " + "[" * 60 + "]" * 60 + "}",
        "a: {gamma: 0.9, " + ", ".join(f"k{number}: 1" for number in range(600)) + "}",
        f"a: {{policy_kwargs: 'dict({', '.join(f'k{number}=1' for number in range(600))})'}}",
    ],
    ids=lambda text: text[:20].strip() or "empty",
)
def test_a_file_that_is_no_plain_yaml_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_text(text, kind="rl_zoo", algorithm="ppo")

    assert caught.value.message


@pytest.mark.parametrize("text", ["A:\n  gamma: 0.9\n  gamma: 0.5", "A: {gamma: 0.9}\nA: {gamma: 0.5}"])
def test_a_key_that_is_written_twice_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"at line [23], column \d: .* is written twice"):
        import_text(text, kind="rl_zoo", algorithm="ppo")


def test_numbers_to_the_base_60_stay_text_and_cost_nothing() -> None:
    began = time.perf_counter()

    imported = zoo_entry("gamma: 1" + ":1" * 90_000)

    assert [each.key for each in imported.report if not each.taken] == ["gamma"]
    assert time.perf_counter() - began < 5, "their reading takes minutes"


def test_only_so_many_unknown_keys_are_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(zoo, "hint_for_unknown", lambda names, *rest: asked.append(names[-1]))

    imported = zoo_entry("\n  ".join(f"gama{number}: 1" for number in range(400)))

    assert len(asked) == 50
    assert sum(not each.taken for each in imported.report) == 400


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": ' * 900 + "1" + "}" * 900, "levels deep"),
        ('{"foo": ' + "[" * 900 + "]" * 900 + "}", "levels deep"),
        (r'{"\ud800": 1}', "half a character"),
        (r'{"env_kwargs": {"a": "\ud800"}}', "half a character"),
        ('{"seed": 1' + "0" * 400 + "}", "number"),
    ],
    ids=["deep", "deep list", "key", "value", "huge"],
)
def test_what_no_answer_could_tell_of_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        import_text(text, file_name="run.json")


def test_no_preset_holds_half_a_character_and_whole_ones_are_welcome() -> None:
    with pytest.raises(ConfigError, match="half a character"):
        parse_json(r'{"about": {"title": "\ud800"}}', "The preset")
    assert parse_json(r'{"title": "\ud83e\udd16"}', "The preset") == {"title": "\U0001f916"}


def test_numbers_too_large_for_an_answer_do_no_harm() -> None:
    for width in ("1" * 5000, "64x\u00b2"):
        assert not any(each.taken for each in read({"net_arch": width}).report)
    endless = import_text('{"n_envs": 1e999, "num_minibatches": 4}', file_name="run.json")
    assert not any(each.taken for each in endless.report)

    body = bytes(JsonResponse(read({"foo": 10**30, "env_kwargs": {"a": 10**30}, "seed": 10**30}).as_json()).body)
    assert b"n_timesteps" in bytes(JsonResponse(zoo_entry(f"n_timesteps: {10**20}").as_json()).body)

    assert b'"a":1e30' in body.replace(b"1e+30", b"1e30")


def test_a_file_of_far_too_many_keys_is_refused() -> None:
    arguments = {f"skip{number}": 1 for number in range(50)}
    with pytest.raises(ConfigError, match="keys"):
        read({"wrappers": [{"name": "frame_skip", "kwargs": arguments}] * 20})
    with pytest.raises(ConfigError, match="keys"):
        read({f"key{number}": number for number in range(3000)})

"""One's own defaults: every setting of every algorithm there and back, mistakes told by line, comments left alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from trainer.config import field_specs
from trainer.config.defaults import DefaultsFile, form_values, place_of
from trainer.config.form import read_form
from trainer.errors import ConfigError, ConflictError, NotFoundError, PalaestraError


@pytest.fixture
def file(tmp_path):
    return DefaultsFile(tmp_path / "mine" / "defaults.toml")


def test_the_file_is_made_when_it_is_asked_for_and_says_nothing_until_it_is_edited(file):
    assert not file.read().exists
    file.create()
    read = file.read()
    assert (dict(read.values), read.faults, read.exists) == ({}, (), True)
    text = file.path.read_text(encoding="utf-8")
    for spec in field_specs():
        assert f"{place_of(spec).rpartition('.')[2]} = " in text
    assert all(line.startswith(("#", "[")) or not line for line in text.splitlines())
    with pytest.raises(ConflictError):
        file.create()


def test_every_default_of_every_algorithm_can_be_written_out_and_means_the_same(file):
    file.create()
    text = file.path.read_text(encoding="utf-8")
    lines = [
        line[2:] if line.startswith("# ") and " = " in line and ":" not in line.split(" = ")[0] else line
        for line in text.splitlines()
    ]
    file.path.write_text("\n".join(lines), encoding="utf-8")
    read = file.read()
    assert read.faults == ()
    defaults = {spec.key: spec.default for spec in field_specs()}
    assert {key: value for key, value in read.values.items() if value != defaults[key]} == {}
    assert set(read.values) == set(defaults)
    file.config()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.seed", 0),
        ("dqn:algorithm.gamma", 0.0),
        ("environment.normalize_reward", False),
        ("environment.frame_stack", None),
        ("tags", []),
        ("notes", ""),
        ("notes", 'a "quoted" text with # and = in 文字\nand a second line'),
        ("policy.net_arch", {"pi": [64, 64], "vf": []}),
        ("environment.kwargs", {}),
        ("environment.kwargs", {"a key": 1e-05, "render": [True, "x"]}),
        ("ppo:algorithm.learning_rate", "lin_0.001"),
        ("algorithm.name", "sac"),
        ("sac:algorithm.action_noise.kind", "none"),
    ],
)
def test_what_is_set_is_read_again_and_taking_it_back_leaves_nothing(file, key, value):
    file.change(key, value)
    read = file.read()
    assert read.faults == ()
    assert read.values == {key: value}
    assert type(read.values[key]) is type(value)
    file.change(key, ...)
    assert file.read().values == {}
    file.change(key, value)
    assert file.read().values == {key: value}


def test_changes_at_the_same_time_are_all_kept(file):
    keys = [spec.key for spec in field_specs() if spec.kind == "bool"][:12]
    with ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(lambda key: file.change(key, True), keys))
    assert len(file.read().values) == len(keys)
    assert [each.name for each in file.path.parent.iterdir()] == [file.path.name]


def test_a_change_leaves_what_people_wrote_alone(file):
    file.path.parent.mkdir()
    file.path.write_text('# mine\n[training]\nseed = 1 # lucky\n\n[algorithm.ppo]\n"gamma" = 0.9\n', encoding="utf-8")
    file.change("training.seed", 7)
    file.change("ppo:algorithm.gae_lambda", 0.5)
    file.change("video.enabled", True)
    lines = file.path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# mine"
    assert '"gamma" = 0.9' in lines
    assert lines[-2:] == ["[video]", "enabled = true"]
    assert file.read().values == {
        "training.seed": 7,
        "ppo:algorithm.gamma": 0.9,
        "ppo:algorithm.gae_lambda": 0.5,
        "video.enabled": True,
    }


def test_every_mistake_is_told_with_its_line_and_the_nearest_name(file):
    file.path.parent.mkdir()
    file.path.write_text("[training]\nsede = 1\ntotal_timesteps = 0\n\n[algorithm.ppo]\ngamma = 2\nclip_range = 0.1\n")
    read = file.read()
    assert [(fault.field, fault.message.partition(":")[0]) for fault in read.faults] == [
        ("training.sede", "line 2"),
        ("training.total_timesteps", "line 3"),
        ("algorithm.ppo.gamma", "line 6"),
    ]
    assert "training.seed" in read.faults[0].hint
    assert read.values == {"ppo:algorithm.clip_range": 0.1}, "what is right still counts on the page"
    with pytest.raises(ConfigError, match="line 6"):
        file.config()


@pytest.mark.parametrize("content", [b"[training\n", b"seed = \n", b"\xff\xfe", b"a" * 1_100_000, b"[x]\n[x]\n"])
def test_a_file_that_cannot_be_read_is_told_and_never_overwritten(file, content):
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    read = file.read()
    assert read.exists
    assert len(read.faults) == 1
    assert "defaults.toml" in read.faults[0].message
    with pytest.raises((PalaestraError, ValueError)):
        file.change("training.seed", 1)
    assert file.path.read_bytes() == content


def test_a_layout_that_cannot_be_changed_line_by_line_is_left_to_its_author(file):
    file.path.parent.mkdir()
    text = "training = { seed = 1 }\n"
    file.path.write_text(text)
    assert file.read().values == {"training.seed": 1}
    with pytest.raises(ConfigError, match="cannot be changed from here"):
        file.change("training.seed", 2)
    assert file.path.read_text() == text


def test_a_line_ends_where_toml_ends_it(file):
    name = "a\u2028b\x85c\u2029d\x7fe\x0bf"
    file.change("name", name)
    assert not {"\u2028", "\x85", "\x0b"} & set(file.path.read_text(encoding="utf-8"))
    file.path.write_text('[run]\nname = "a\u2028b\x85c"\n', encoding="utf-8")
    file.change("training.seed", 7)
    file.change("name", name)
    assert file.read().values == {"name": name, "training.seed": 7}
    file.path.write_text(f"[training]\nseed = 0x{'f' * 5000}\n", encoding="utf-8")
    (fault,) = file.read().faults
    assert (fault.field, fault.message[:8]) == ("training.seed", "line 2: ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.seed", -1),
        ("ppo:algorithm.gamma", 1.5),
        ("tags", "x"),
        ("training.seed", None),
        ("environment.kwargs", {"a": None}),
    ],
)
def test_a_value_that_is_refused_writes_nothing(file, key, value):
    with pytest.raises(ConfigError):
        file.change(key, value)
    assert not file.read().values
    with pytest.raises(NotFoundError, match=r"training\.seed"):
        file.change("training.sed", 1)


def test_a_new_form_begins_with_them_for_every_algorithm(file):
    file.change("algorithm.name", "dqn")
    file.change("ppo:algorithm.gamma", 0.9)
    file.change("dqn:algorithm.gamma", 0.0)
    file.change("environment.frame_stack", None)
    values = form_values(file.read().values)
    assert (values["ppo:algorithm.gamma"], values["dqn:algorithm.gamma"]) == (0.9, 0.0)
    assert read_form(values).config == file.config()
    assert file.config().algorithm.gamma == 0.0

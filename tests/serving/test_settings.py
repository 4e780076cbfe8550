"""Flags, environment and file together; whoever opens the program to others gives a login."""

from pathlib import Path

import pytest

from serving.settings import Settings, SettingsError, read_settings_file


def _settings(flags=None, file=None, environment=None):
    return Settings.from_sources(flags or {}, file or {}, environment or {})


def test_the_default_is_this_machine_only_without_a_login():
    settings = _settings()
    assert (settings.listen, settings.server_port, settings.username) == ("127.0.0.1", 7860, None)
    assert not settings.public


@pytest.mark.parametrize("flags", [{"listen": "0.0.0.0"}, {"listen": "192.168.1.5"}, {"share": True}, {"listen": "::"}])
def test_opening_it_to_others_is_refused_without_a_login(flags):
    with pytest.raises(SettingsError, match="give --username and --password"):
        _settings(flags)
    assert _settings({**flags, "username": "ada", "password": "s"}).public
    assert _settings(flags, environment={"PALAESTRA_USERNAME": "ada", "PALAESTRA_PASSWORD": "s"}).public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_every_loopback_address_needs_no_login(host):
    assert not _settings({"listen": host}).public


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"username": "ada"}, "go together"),
        ({"username": "", "password": ""}, "must not be empty"),
        ({"server_port": 70000}, "from 0 to 65535"),
        ({"max_running": 0}, "1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(flags, words):
    with pytest.raises(SettingsError, match=words):
        _settings(flags)


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('server-port = 1234\nusername = "file"\npassword = "file"\nmax-running = 2\n')
    file = read_settings_file(path)
    environment = {"PALAESTRA_USERNAME": "environment", "PALAESTRA_PASSWORD": "environment"}
    settings = _settings({"username": "flag"}, file, environment)
    assert (settings.username, settings.password) == ("flag", "environment")
    assert (settings.server_port, settings.max_running) == (1234, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("server_prot = 1", "server_port"),
        ('server_port = "80"', "server_port must be a whole number"),
        ("server_port = true", "server_port must be a whole number"),
        ("outputs = 5", "outputs must be a text"),
        ("username = 5", "username must be a text"),
        ('share = "yes"', "share must be true or false"),
        ("= nonsense", "cannot be used"),
    ],
)
def test_a_bad_settings_file_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        _settings(file=read_settings_file(path))


def test_a_missing_settings_file_is_refused():
    with pytest.raises(SettingsError, match="cannot be used"):
        read_settings_file(Path("no-such-file.toml"))


def test_a_language_is_taken_by_any_of_its_names_and_an_unknown_one_is_refused_by_name():
    assert _settings().language is None
    assert _settings({"language": "es-MX"}).language == "es"
    assert _settings(file={"language": "zh"}).language == "zh-CN"
    with pytest.raises(SettingsError, match="--language: There is no language 'xx'"):
        _settings({"language": "xx"})

"""Credentials, origins and patience, each by itself."""

from __future__ import annotations

import asyncio
import base64

import pytest
from starlette.datastructures import Headers

from api import AccessPolicy
from api.origins import host_name, is_foreign, is_loopback
from api.throttle import (
    FORGOTTEN_AFTER,
    FREE_FAILURES,
    LONGEST_WAIT,
    MOST_ADDRESSES,
    MOST_WAITING,
    Throttle,
    TooManyAttemptsError,
)
from trainer.errors import ConfigError


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("credentials", "fields"),
    [
        ({"username": "ada"}, ["password"]),
        ({"password": "s"}, ["username"]),
        ({"username": "", "password": ""}, ["username", "password"]),
        ({"username": "a:b", "password": "s"}, ["username"]),
        ({"username": " ada", "password": "s"}, ["username"]),
        ({"api_token": "t"}, ["api_token"]),
        ({"username": "ada", "password": "s", "api_token": "two words"}, ["api_token"]),
        ({"username": "ada", "password": "s", "api_token": ""}, ["api_token"]),
    ],
)
def test_credentials_that_would_lock_nobody_out_or_everybody_are_refused(credentials, fields):
    with pytest.raises(ConfigError) as refused:
        AccessPolicy(**credentials)
    assert [fault.field for fault in refused.value.faults] == fields


def test_a_policy_does_not_show_its_secrets():
    assert "s3cret" not in repr(AccessPolicy("ada", "s3cret", "s3cret-token"))


def test_an_authorization_opens_only_with_the_whole_secret():
    policy = AccessPolicy("ada", "p:ä ss", "tok")
    assert policy.authorization_matches(basic("ada", "p:ä ss"))
    assert policy.authorization_matches("Bearer tok")
    assert policy.authorization_matches("bearer  tok")
    for wrong in (
        basic("ada", "p"),
        basic("eve", "p:ä ss"),
        basic("", ""),
        "Bearer to",
        "Bearer",
        "Bearer p:ä ss",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Digest ada",
        "tok",
        "",
    ):
        assert not policy.authorization_matches(wrong), wrong


def test_without_credentials_nothing_is_a_credential():
    assert not AccessPolicy().required
    assert not AccessPolicy().authorization_matches(basic("", ""))
    assert not AccessPolicy("ada", "s").authorization_matches("Bearer None")


@pytest.mark.parametrize(
    ("authority", "name", "loopback"),
    [
        ("localhost:7860", "localhost", True),
        ("LOCALHOST", "localhost", True),
        ("127.0.0.1:1", "127.0.0.1", True),
        ("127.8.8.8", "127.8.8.8", True),
        ("[::1]:7860", "::1", True),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1", True),
        ("evil.example:7860", "evil.example", False),
        ("localhost.evil.example", "localhost.evil.example", False),
        ("evil.example@localhost", "", False),
        ("0.0.0.0:7860", "0.0.0.0", False),
        ("192.168.1.5", "192.168.1.5", False),
        ("", "", False),
        ("[", "", False),
    ],
)
def test_only_loopback_names_are_loopback(authority, name, loopback):
    assert host_name(authority) == name
    assert is_loopback(host_name(authority)) is loopback


HERE = "localhost:7860"


@pytest.mark.parametrize(
    ("headers", "method", "foreign"),
    [
        ({}, "POST", False),  # a script
        ({"origin": "http://localhost:7860"}, "POST", False),
        ({"origin": "http://localhost:7860"}, None, False),
        ({"origin": "http://evil.example"}, "POST", True),
        ({"origin": "http://evil.example"}, "GET", True),
        ({"origin": "http://evil.example"}, None, True),
        ({"origin": "http://localhost:3000"}, "POST", True),
        ({"origin": "null"}, "POST", True),
        ({"origin": "file://localhost:7860"}, "POST", True),
        ({"origin": "http://["}, None, True),
        ({"origin": "https://lab.example"}, "POST", False),  # trusted below
        ({"sec-fetch-site": "same-origin", "origin": "https://proxy.example"}, "POST", False),
        ({"sec-fetch-site": "none"}, "GET", False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, "GET", True),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, "GET", True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, "GET", False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, "GET", True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, "POST", True),
    ],
)
def test_what_another_sites_page_sends_is_told_apart(headers, method, foreign):
    assert is_foreign(Headers({"host": HERE, **headers}), method, {"lab.example"}) is foreign


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Sleep(list[float]):
    """Remembers how long somebody would have slept."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def slept():
    return Sleep()


def test_the_first_mistakes_cost_nothing_and_the_next_ones_ever_more(slept):
    throttle = Throttle(Clock(), slept)

    async def guess(times: int) -> None:
        for _ in range(times):
            await throttle.turn("10.0.0.1")
            throttle.failed("10.0.0.1")

    asyncio.run(guess(FREE_FAILURES))
    assert slept == []
    asyncio.run(guess(7))
    assert slept == [0.25, 0.5, 1.0, 2.0, 4.0, LONGEST_WAIT, LONGEST_WAIT]


def test_a_crowd_of_guesses_is_turned_away_and_time_forgives(slept):
    clock = Clock()
    throttle = Throttle(clock, slept)
    for _ in range(FREE_FAILURES + 5):
        throttle.failed("10.0.0.1")

    async def crowd() -> list[object]:
        turns = (throttle.turn("10.0.0.1") for _ in range(MOST_WAITING + 3))
        return list(await asyncio.gather(*turns, return_exceptions=True))

    outcomes = asyncio.run(crowd())
    assert sum(isinstance(outcome, TooManyAttemptsError) for outcome in outcomes) == 3
    assert len(slept) == MOST_WAITING
    clock.now += FORGOTTEN_AFTER + 1
    asyncio.run(throttle.turn("10.0.0.1"))
    throttle.failed("10.0.0.1")
    asyncio.run(throttle.turn("10.0.0.1"))
    assert len(slept) == MOST_WAITING


def test_one_address_does_not_slow_another_but_a_network_counts_as_one(slept):
    throttle = Throttle(Clock(), slept)
    for _ in range(FREE_FAILURES):
        throttle.failed("2001:db8::1")
    asyncio.run(throttle.turn("10.0.0.2"))
    asyncio.run(throttle.turn("2001:db8:0:1::1"))
    asyncio.run(throttle.turn("::ffff:10.0.0.2"))
    assert slept == []
    asyncio.run(throttle.turn("2001:db8::ffff"))
    assert slept == [0.25]


def test_the_memory_for_addresses_is_bounded():
    throttle = Throttle(Clock())
    for number in range(MOST_ADDRESSES + 100):
        throttle.failed(f"address-{number}")
    assert len(throttle._addresses) == MOST_ADDRESSES

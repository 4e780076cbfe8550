"""The real page in a real Chromium, over a real server in a process of its own."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import ADVICE, find
from tests.browser.stage import Rest
from tests.serving_process import Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    # Headless pages count as background, and Linux then serves them after everything else. A person's page is in front.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium():
    path = find()
    assert path is not None, ADVICE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), "--max-running", "2")
    server.wait_until_up()
    yield server
    server.close()


@pytest.fixture
def page(chromium, server):
    """A fresh browser profile on the page; ends with no error in its console."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(server.url)
    page.wait_for_selector("#pal-train[data-ready]")
    yield page
    context.close()
    assert errors == []
    foreign = [
        url for url in requests if not url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:"))
    ]
    assert foreign == [], "something was fetched from outside"


@pytest.fixture
def empty_page(chromium):
    """An empty page; ends with no error in its console. It needs no server."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(8000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def rest():
    return Rest()


@pytest.fixture(autouse=True)
def no_runs_left(server):
    """Every test begins without live runs."""
    yield
    for run in server.api("GET", "/api/state")["runs"]:
        if run["actions"]["stop"] is None:
            server.api("POST", f"/api/runs/{run['id']}/stop")

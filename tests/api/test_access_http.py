"""Who gets in: real Gradio launches, with and without a login, over HTTP and WebSockets."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import gradio.routes
import httpx
import pytest
from published import PASSWORD, SECRET, TOKEN, USERNAME, free_port
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api import AccessPolicy, Site
from api.throttle import FREE_FAILURES

BASIC = {"Authorization": "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}
BEARER = {"Authorization": f"Bearer {TOKEN}"}

OURS = ["/api/health", "/api/state", "/api/runs", "/api/presets", "/api/openapi.json", "/assets/page.js"]
SOCKETS = ["/ws", "/ws/resources"]


def addresses(run_id: str) -> list[str]:
    run = f"/api/runs/{run_id}"
    return [*OURS, run, f"{run}/metrics", f"{run}/logs", f"{run}/config", f"{run}/videos"]


def refused_with(url: str, **options) -> tuple[int, dict]:
    with pytest.raises(InvalidStatus) as refused, connect(url, **options):
        pass
    return refused.value.response.status_code, json.loads(refused.value.response.body)


# With credentials


def test_without_a_login_everything_of_ours_is_refused_in_an_envelope(locked_site, ended_run):
    with locked_site.client() as client:
        video = client.get(f"/api/runs/{ended_run}/videos", headers=BEARER).json()["videos"][0]
        for path in [
            *addresses(ended_run),
            video["url"],
            video["poster_url"],
            "/api/nothing",
            "/ws",
            "/assets/page.css",
        ]:
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path
        for method, path in [("POST", "/api/runs"), ("DELETE", f"/api/runs/{ended_run}"), ("PUT", "/api/presets/x")]:
            assert client.request(method, path, json={}).status_code == 401
    for path in [*SOCKETS, f"/ws/runs/{ended_run}", "/ws/nothing"]:
        status, body = refused_with(locked_site.socket_url(path))
        assert (status, body["error"]["code"]) == (401, "unauthorized"), path


@pytest.mark.parametrize("way", ["cookie", "basic", "bearer"])
def test_login_cookie_password_and_token_each_open_everything_of_ours(locked_site, ended_run, way):
    headers = {"basic": BASIC, "bearer": BEARER}.get(way, {})
    with locked_site.logged_in() if way == "cookie" else locked_site.client(headers=headers) as client:
        video = client.get(f"/api/runs/{ended_run}/videos").json()["videos"][0]
        for path in [*addresses(ended_run), video["url"], video["poster_url"]]:
            assert client.get(path).status_code == 200, path
        if way == "cookie":
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    for path in [*SOCKETS, f"/ws/runs/{ended_run}"]:
        with connect(locked_site.socket_url(path), additional_headers=headers) as socket:
            assert '"type":"init"' in socket.recv(timeout=10)


def test_wrong_credentials_open_nothing(publish):
    site = publish(AccessPolicy(USERNAME, PASSWORD))
    wrong = [
        {"Authorization": f"Bearer {TOKEN}"},  # this site has no token
        {"Authorization": f"Bearer {PASSWORD}".encode()},
        {"Authorization": "Basic " + base64.b64encode(f"{USERNAME}:".encode()).decode()},
        {"Cookie": f"access-token-{site.app.cookie_id}=guess; access-token-unsecure-{site.app.cookie_id}="},
    ]
    # Somebody else is logged in, so that there are logins a guess could be taken for.
    with site.logged_in() as other, site.client() as client:
        for headers in wrong:
            assert client.get("/api/state", headers=headers).status_code == 401
        assert other.get("/api/state").status_code == 200


def test_a_browser_is_not_challenged_into_a_password_dialog_but_a_script_is(locked_site):
    with locked_site.client() as client:
        script = client.get("/api/state").headers["www-authenticate"]
        browser = client.get("/api/state", headers={"User-Agent": "Mozilla/5.0"}).headers["www-authenticate"]
    assert script.startswith("Basic ")
    assert browser.startswith("Bearer ")


def test_logging_out_closes_the_api_and_the_open_sockets(locked_site):
    with locked_site.logged_in() as client:
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        with connect(locked_site.socket_url("/ws"), additional_headers={"Cookie": cookies}) as socket:
            socket.recv(timeout=10)
            client.get("/logout")
            for _ in range(10):
                try:
                    socket.recv(timeout=10)
                except Exception:  # noqa: BLE001  # the close is looked at below
                    break
            assert socket.close_code == 4401
        assert httpx.get(locked_site.url + "/api/state", headers={"Cookie": cookies}).status_code == 401


def test_guessing_at_the_api_and_at_the_login_page_is_slowed_and_turned_away(publish):
    site = publish(AccessPolicy(USERNAME, PASSWORD))
    with site.client() as client:
        for number in range(FREE_FAILURES):
            if number % 2:
                client.post("/login", data={"username": USERNAME, "password": f"guess {number}"})
            else:
                client.get("/api/state", auth=(USERNAME, f"guess {number}"))
        fast = httpx.get(site.url + "/", timeout=10).elapsed.total_seconds()
        slow = client.get("/api/state", auth=(USERNAME, "another guess")).elapsed.total_seconds()
        assert slow >= 0.25, f"the login page took {fast} s, a guess {slow} s"
        slow = client.post("/login", data={"username": USERNAME, "password": "yet another"}).elapsed.total_seconds()
        assert slow >= 0.5
        # Right credentials get in all the same, after the wait; a login that stands is not slowed at all.
        assert client.post("/login", data={"username": USERNAME, "password": PASSWORD}).status_code == 200
        assert client.get("/api/state").elapsed.total_seconds() < 1.0


def test_the_login_page_works_and_shows_nothing_of_the_page_behind_it(locked_site):
    with locked_site.client() as client:
        page = client.get("/")
        assert page.status_code == 200
        assert "auth_required" in page.text
        assert SECRET not in page.text
        scripts = re.findall(r'(?:src|href)="(\./assets/[^"]+)"', page.text)
        assert scripts
        for script in scripts:
            assert client.get(script.removeprefix(".")).status_code == 200
    with locked_site.logged_in() as client:
        assert SECRET in client.get("/").text


def gradio_routes() -> list[tuple[str, str]]:
    """Every route that Gradio's source declares, with something in the place of each parameter."""
    source = Path(gradio.routes.__file__).read_text(encoding="utf-8")
    found = re.findall(r'@(app|router)\.(get|post|head)\(\s*f?"([^"]+)"', source)
    assert len(found) > 60, "Gradio declares its routes in another way now: look at this test"
    paths = [(method.upper(), ("/gradio_api" if on == "router" else "") + path) for on, method, path in found]
    return [(method, re.sub(r"\{[^}]*\}", "x", path)) for method, path in paths]


PUBLIC = {"/", "/login", "/login/", "/logout", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"}
PUBLIC |= {"/gradio_api/theme.css", "/gradio_api/startup-events", "/static/x", "/assets/x", "/svelte/x", "/pwa_icon/x"}


def test_none_of_gradios_own_routes_answers_without_a_login(locked_site):
    with locked_site.client() as client:
        for method, path in gradio_routes():
            if path in PUBLIC:
                continue
            answer = client.request(method, path, json={} if method == "POST" else None)
            assert answer.status_code == 401, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"
        for path in ("/openapi.json", "/docs", "/redoc", "/x", "/assets/../config", "/gradio_api/file=/etc/hostname"):
            assert client.get(path).status_code in (401, 404), path


def test_gradios_own_client_still_logs_in_and_calls(locked_site):
    from gradio_client import Client

    client = Client(locked_site.url, auth=(USERNAME, PASSWORD), verbose=False)
    assert client.config["title"] == "A page"


# Without credentials


def test_without_credentials_this_machine_has_everything(site, ended_run):
    with site.client() as client:
        for path in addresses(ended_run):
            assert client.get(path).status_code == 200, path
        assert SECRET in client.get("/").text
    with connect(site.socket_url("/ws")) as socket:
        socket.recv(timeout=10)


@pytest.mark.parametrize("path", ["/", "/config", "/api/state", "/assets/page.js", "/gradio_api/info"])
def test_a_rebound_dns_name_gets_nothing_not_even_gradios_pages(site, path):
    with site.client() as client:
        for host in ("evil.example", "evil.example:7860", "localhost.evil.example", "192.168.0.9:7860", ""):
            answer = client.get(path, headers={"Host": host})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden_host"), host
        for host in ("localhost", "127.0.0.1:9", "[::1]:80"):
            assert client.get(path, headers={"Host": host}).status_code == 200


def test_a_rebound_dns_name_gets_no_socket(site):
    port = site.url.rsplit(":", 1)[1]
    with pytest.raises(InvalidStatus) as refused:
        connect("ws://evil.example/ws", sock=_connection(int(port)))
    assert refused.value.response.status_code == 403


def _connection(port: int):
    import socket

    return socket.create_connection(("127.0.0.1", port))


def test_a_trusted_name_is_let_in(publish):
    site = publish(AccessPolicy(trusted_hosts=frozenset({"lab.example"})))
    with site.client() as client:
        assert client.get("/api/health", headers={"Host": "lab.example"}).status_code == 200
        assert client.get("/api/health", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("which", ["site", "locked_site"])
def test_another_sites_page_can_neither_act_nor_read(request, which):
    published = request.getfixturevalue(which)
    evil = [{"Origin": "http://evil.example"}, {"Origin": "http://localhost:3000"}, {"Origin": "null"}]
    evil.append({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    with published.logged_in() if which == "locked_site" else published.client() as client:
        own = {"Origin": published.url}
        for path in ("/api/runs", "/gradio_api/queue/join"):
            for headers in evil:
                answer = client.post(path, headers=headers, json={})
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden_origin")
            assert client.post(path, headers=own, json={}).status_code == 422
        for path in ("/api/state", "/config", "/gradio_api/info"):
            for headers in evil:
                assert client.get(path, headers=headers).status_code == 403
            assert client.get(path, headers=own).status_code == 200
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    socket_headers = {"Cookie": cookies} if cookies else {}
    for headers in evil[:3]:
        status, body = refused_with(published.socket_url("/ws"), additional_headers={**socket_headers, **headers})
        assert (status, body["error"]["code"]) == (403, "forbidden_origin")
    with connect(published.socket_url("/ws"), additional_headers={**socket_headers, "Origin": published.url}) as socket:
        socket.recv(timeout=10)


def test_the_page_cannot_be_put_into_another_sites_frame(site):
    with site.client() as client:
        frame = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        link = {**frame, "Sec-Fetch-Dest": "document"}
        assert client.get("/", headers=frame).status_code == 403
        assert client.get("/", headers=link).headers["x-frame-options"] == "SAMEORIGIN"


def test_an_open_server_answers_only_what_arrives_at_a_loopback_address(publish):
    address = _own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    site = publish(AccessPolicy(), server_name="0.0.0.0")
    port = site.url.rsplit(":", 1)[1]
    for path in ("/", "/api/state"):
        answer = httpx.get(f"http://{address}:{port}{path}", headers={"Host": "localhost"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def _own_address() -> str | None:
    import psutil

    found = [entry.address for entries in psutil.net_if_addrs().values() for entry in entries if entry.family == 2]
    return next((address for address in found if not address.startswith("127.")), None)


# Behind a proxy


@pytest.mark.parametrize("prefix", ["", "/lab"])
def test_a_root_path_works_whether_the_proxy_takes_it_off_or_not(publish, prefix):
    site = publish(AccessPolicy(USERNAME, PASSWORD, TOKEN), root_path="/lab")
    with site.client() as client:
        assert client.get(f"{prefix}/api/state").status_code == 401
        assert client.get(f"{prefix}/api/state", headers=BEARER).status_code == 200
        assert client.get(f"{prefix}/assets/page.js", headers=BEARER).status_code == 200
        assert client.get(f"{prefix}/").status_code == 200
        assert client.post(f"{prefix}/login", data={"username": USERNAME, "password": PASSWORD}).status_code == 200
        assert client.get(f"{prefix}/api/state").status_code == 200
    with connect(site.socket_url(f"{prefix}/ws"), additional_headers=BEARER) as socket:
        socket.recv(timeout=10)


def test_the_real_pages_login_page_tells_nothing_of_presets_or_endpoints(engine, tmp_path):
    from ui.page import ASSETS, build_page

    page = build_page(engine)
    site = Site(engine, AccessPolicy(USERNAME, PASSWORD), assets=ASSETS)
    _, url, _ = page.launch(
        prevent_thread_lock=True, quiet=True, run_history=False, server_port=free_port(), **site.launch_options()
    )
    try:
        text = httpx.get(url).text
        assert '"named_endpoints":{}' in text, "an event of the page lacks api_visibility='private'"
        assert "ppo_cartpole" not in text
    finally:
        page.close(verbose=False)

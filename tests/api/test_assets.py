"""The pages' files: compressed, kept by version, and nothing else under their address but Gradio's own."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import gradio
import pytest

from api.assets import Assets
from trainer.errors import NotFoundError

FOR_GOOD = "private, max-age=31536000, immutable"


def test_a_script_comes_compressed_and_is_kept_for_good_under_the_version_of_its_content(client, assets):
    content = (assets / "page.js").read_bytes()
    version = hashlib.sha256(content).hexdigest()[:12]
    answer = client.get("/assets/page.js", params={"v": version}, headers={"Accept-Encoding": "gzip"})
    assert answer.content == content
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == FOR_GOOD
    plain = client.get("/assets/page.js", headers={"Accept-Encoding": "identity"})
    assert (plain.content, plain.headers["cache-control"]) == (content, "no-cache")
    assert "content-encoding" not in plain.headers
    stale = client.get("/assets/page.js", params={"v": "000000000000"})
    assert stale.headers["cache-control"] == "no-cache", "an old page's version is not kept with new content"
    again = client.get("/assets/page.js", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head("/assets/page.css")
    assert (head.status_code, head.headers["content-type"], head.content) == (200, "text/css; charset=utf-8", b"")


def test_gradios_own_files_beside_ours_are_untouched(site, client):
    folder = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    theirs = sorted(path.name for path in folder.glob("*.js"))
    assert client.get(f"/assets/{theirs[0]}").content == (folder / theirs[0]).read_bytes()
    ours = Assets(Path(__file__).parents[2] / "ui" / "assets")
    assert not set(ours.names) & {path.name for path in folder.iterdir()}, "a name of ours hides one of Gradio's"


@pytest.mark.parametrize("name", ["nothing.js", "../conftest.py", "%2e%2e/secret", "..%2f..%2fetc%2fpasswd", ""])
def test_no_other_file_is_reached(client, name):
    assert client.get(f"/assets/{name}").status_code in (400, 403, 404)


def test_links_out_of_the_folder_are_left_out(tmp_path):
    folder = tmp_path / "assets"
    (folder / "icons").mkdir(parents=True)
    (folder / "icons" / "a.svg").write_text("<svg/>")
    (tmp_path / "secret.js").write_text("secret")
    try:
        (folder / "link.js").symlink_to(tmp_path / "secret.js")
    except OSError:
        pytest.skip("links cannot be made here")
    assert Assets(folder).names == ["icons/a.svg"]


def test_a_file_that_changed_is_read_again_and_one_that_is_gone_is_not_found(tmp_path):
    from starlette.datastructures import Headers

    (tmp_path / "a.js").write_text("one")
    assets = Assets(tmp_path)
    headers = Headers({"accept-encoding": "gzip"})
    assert assets.answer("a.js", headers, "").body == b"one"
    (tmp_path / "a.js").write_text("two, and longer " * 100)
    assert gzip.decompress(assets.answer("a.js", headers, "").body).startswith(b"two")
    (tmp_path / "a.js").unlink()
    for name in ("a.js", "b.js"):
        with pytest.raises(NotFoundError):
            assets.answer(name, headers, "")

"""Versions and licences over HTTP."""


def test_about_tells_versions_the_machine_and_every_package(client):
    told = client.get("/api/about").json()
    assert {"versions", "machine", "packages"} == set(told)
    assert {"name", "version", "licence", "homepage", "direct"} == set(told["packages"][0])


def test_a_licence_text_is_given_for_packages_of_this_program_only(client):
    assert "MIT" in client.get("/api/about/licence").json()["text"]
    assert "GENERAL PUBLIC LICENSE" in client.get("/api/about/licences/ale-py").json()["text"].upper()
    for name in ("pytest", "..%2f..%2fLICENSE", "no-such"):
        answer = client.get(f"/api/about/licences/{name}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"

"""Answers that come late, out of order or not at all: what is shown is what was asked for last."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stage import ADDRESS, Rest, open_stage, run

COUNTED = {"checkpoint_count": 2, "replay_count": 0, "run_count": 1, "freed_bytes": 2048, "shared_bytes": 0}


class ToolsRest(Rest):
    """A server of the Tools tab; it has two runs with a checkpoint each."""

    def __init__(self):
        super().__init__()
        self.runs = [run(1, "completed", name="First"), run(2, "completed", name="Second")]
        self.jobs = []
        self.counted = COUNTED

    def answer(self, method, path, query, follow):
        runs = {each["id"]: each for each in self.runs}
        if method == "POST" and path == "api/tools/jobs":
            job = {"id": "job", "kind": "prune", "run": "run-1", "state": "waiting", "ended_at": None, "progress": 0}
            self.jobs = [job | {"cancelling": False, "eta_seconds": None}]
            return 200, self.jobs[0]
        if path == "api/tools/prune":
            return 200, {**self.counted, "runs": []}
        if path == "api/tools":
            return 200, {"jobs": self.jobs, "formats": {}}
        if path.startswith("api/tools/"):
            return 200, {path.split("/")[-1]: []}
        if path.endswith("/checkpoints"):
            checkpoint = {"step": 5, "kind": "regular", "mean_return": None, "size_bytes": 5}
            return 200, {"checkpoints": [checkpoint]}
        if path.startswith("api/runs/"):
            return 200, runs[path.split("/")[-1]]
        return super().answer(method, path, query, follow)


@pytest.fixture
def page(empty_page):
    return empty_page


@pytest.fixture
def tools(page):
    page.add_init_script("localStorage.setItem('palaestra.tools.run', '\"run-1\"')")
    open_stage(page, ToolsRest(), "tools")
    expect(page.locator("#tools-run")).to_have_value("First")
    return page


class Held:
    """Requests that are answered when a test lets them go, in any order."""

    def __init__(self, page, pattern):
        self.page, self.pattern, self.routes = page, pattern, []
        page.route(pattern, lambda route: self.routes.append(route))

    def wait(self, count=1):
        for _ in range(100):
            if len(self.routes) >= count:
                return self
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{len(self.routes)} requests of {self.pattern}, not {count}")

    def free(self):
        """Let what is held go and hold nothing any more."""
        self.page.unroute(self.pattern)
        for route in self.routes:
            route.fallback()
        self.routes = []


# ---- tools -----------------------------------------------------------------------------------------------------


def test_the_tools_end_on_the_run_that_was_asked_for_last_however_late_its_answer_comes(tools):
    held = Held(tools, "**/api/runs/run-2")
    tools.evaluate("palaestra.openTools({ id: 'run-2' })")
    held.wait()
    for display in ("none", ""):  # the tab is left and looked at again, which reads its run anew
        tools.evaluate(f"document.querySelector('.pal-tools').style.display = '{display}'")
        tools.wait_for_timeout(150)
    held.free()
    expect(tools.locator("#tools-run")).to_have_value("Second")
    held = Held(tools, "**/api/runs/run-1")
    tools.evaluate("palaestra.openTools({ id: 'run-1' })")
    held.wait()
    tools.evaluate("palaestra.openTools({ id: 'run-2' })")
    held.free()
    tools.wait_for_timeout(200)
    expect(tools.locator("#tools-run")).to_have_value("Second")


def prune(page):
    return page.locator("[data-tool=prune]")


def test_what_is_being_counted_when_an_answer_changes_is_never_shown(tools):
    held = Held(tools, "**/api/tools/prune*")
    prune(tools).get_by_role("button", name="Show what would go").click()
    held.wait()
    expect(prune(tools).get_by_role("button", name="Show what would go")).to_be_disabled()
    prune(tools).get_by_label("Keep the best").uncheck()
    expect(prune(tools).get_by_role("button", name="Show what would go")).to_be_enabled()
    held.free()
    tools.wait_for_timeout(200)
    expect(prune(tools).locator(".pal-tool-results")).to_be_empty()
    prune(tools).get_by_role("button", name="Show what would go").click()
    expect(prune(tools).get_by_role("button", name="Delete")).to_be_visible()


def test_a_refused_deletion_is_told_in_its_question_and_the_rule_ends_with_a_granted_one(tools):
    tools.route("**/api/tools/jobs", lambda route: route.fulfill(status=409, json={"error": {"message": "Busy."}}))
    prune(tools).get_by_role("button", name="Show what would go").click()
    prune(tools).get_by_role("button", name="Delete").click()
    dialog = tools.get_by_role("dialog")
    dialog.get_by_label(re.compile("Do not ask again")).check()
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_have_text("Busy.")
    assert tools.evaluate("palaestra.preferences.get('ask.prune')") is True
    tools.unroute("**/api/tools/jobs")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_have_count(0)
    tools.wait_for_function("palaestra.preferences.get('ask.prune') === false")
    # Its task is under way now, and no second one is offered.
    expect(prune(tools).get_by_role("progressbar")).to_be_visible()
    expect(prune(tools).get_by_role("button", name="Show what would go")).to_be_disabled()


def test_a_tool_cannot_be_started_again_while_its_task_is_under_way(tools):
    export = tools.locator("[data-tool=evaluate]")
    job = {"id": "job", "kind": "evaluate", "run": "run-1", "state": "waiting", "ended_at": None, "progress": 0}
    job |= {"cancelling": False, "eta_seconds": None}
    listed = Held(tools, "**/api/tools")  # what the tab asks for by itself tells nothing
    tools.route("**/api/tools/jobs", lambda route: route.fulfill(json=job))
    export.get_by_role("button", name="Evaluate").click()
    expect(export.get_by_role("progressbar")).to_be_visible()
    tools.wait_for_timeout(100)
    expect(export.get_by_role("button", name="Evaluate")).to_be_disabled()
    listed.free()


# ---- lists -----------------------------------------------------------------------------------------------------


def test_a_list_that_could_not_be_read_is_read_again_when_it_is_opened_or_typed_into(page, rest):
    open_stage(page, rest)
    page.evaluate(
        """() => {
          window.failing = false;
          const load = async () => {
            if (window.failing) throw new Error("Lost.");
            return [{ title: "All", entries: [{ value: "one", label: "one" }] }];
          };
          const combo = new palaestra.Combobox({ label: "Choice", placeholder: "", load, choose: () => {} });
          document.body.prepend(combo.node);
        }"""
    )
    box, option = page.get_by_role("combobox", name="Choice"), page.get_by_role("option", name="one")
    box.click()
    expect(option).to_be_visible()
    box.blur()
    page.evaluate("window.failing = true")
    box.click()
    expect(page.locator(".pal-combo-note")).to_contain_text("Lost.")
    page.evaluate("window.failing = false")
    box.press_sequentially("on")
    expect(option).to_be_visible()
    page.evaluate("window.failing = true")
    box.blur()
    box.click()
    expect(page.locator(".pal-combo-note")).to_contain_text("Lost.")
    page.evaluate("window.failing = false")
    box.blur()
    box.click()
    expect(option).to_be_visible()


# ---- parts -----------------------------------------------------------------------------------------------------


def test_no_name_is_given_to_two_things_by_two_scripts(page, rest):
    page.add_init_script(
        """window.givenTwice = [];
        window.palaestra = new Proxy({}, {
          set(target, name, value) {
            if (document.currentScript && name in target) window.givenTwice.push(name);
            target[name] = value;
            return true;
          },
        });"""
    )
    open_stage(page, rest)
    assert page.url == ADDRESS
    assert page.evaluate("[Object.keys(palaestra).length > 100, window.givenTwice]") == [True, []]

"""Answers that come late, out of order or not at all: what is shown is what was asked for last."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stage import ADDRESS, Rest, open_stage, run

LACKED = {"message": "Exporting to ONNX needs onnx, which is not installed.", "command": "pip install onnx"}
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
            return 200, {"jobs": self.jobs, "formats": {"onnx": LACKED, "torchscript": None}}
        if path.startswith("api/tools/"):
            return 200, {path.split("/")[-1]: []}
        if path.endswith("/checkpoints"):
            checkpoint = {"step": 5, "kind": "regular", "mean_return": None, "size_bytes": 5}
            return 200, {"checkpoints": [checkpoint]}
        if path.startswith("api/runs/"):
            return 200, runs[path.split("/")[-1]]
        return super().answer(method, path, query, follow)


@pytest.fixture
def stage(empty_page):
    return empty_page


@pytest.fixture
def tools(stage):
    stage.add_init_script("localStorage.setItem('palaestra.tools.run', '\"run-1\"')")
    open_stage(stage, ToolsRest(), "tools")
    expect(stage.locator("#tools-run")).to_have_value("First")
    return stage


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


def test_of_what_an_export_lacks_the_bare_command_is_copied(tools):
    export = tools.locator("[data-tool=export]")
    expect(export.get_by_role("status").first).to_contain_text("ONNX needs onnx, which is not installed. Run this")
    tools.evaluate("addEventListener('copy', () => (window.copied = document.activeElement.value))")
    export.get_by_role("button", name="Copy the command").click()
    assert tools.evaluate("window.copied") == LACKED["command"]
    export.get_by_label("Format").select_option("torchscript")
    expect(export.get_by_role("button", name="Copy the command")).to_be_hidden()
    expect(export.get_by_role("button", name="Export")).to_be_enabled()


# ---- lists -----------------------------------------------------------------------------------------------------


def test_a_list_that_could_not_be_read_is_read_again_when_it_is_opened_or_typed_into(stage, rest):
    open_stage(stage, rest)
    stage.evaluate(
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
    box, option = stage.get_by_role("combobox", name="Choice"), stage.get_by_role("option", name="one")
    box.click()
    expect(option).to_be_visible()
    box.blur()
    stage.evaluate("window.failing = true")
    box.click()
    expect(stage.locator(".pal-combo-note")).to_contain_text("Lost.")
    stage.evaluate("window.failing = false")
    box.press_sequentially("on")
    expect(option).to_be_visible()
    stage.evaluate("window.failing = true")
    box.blur()
    box.click()
    expect(stage.locator(".pal-combo-note")).to_contain_text("Lost.")
    stage.evaluate("window.failing = false")
    box.blur()
    box.click()
    expect(option).to_be_visible()


# ---- parts -----------------------------------------------------------------------------------------------------


def test_no_name_is_given_to_two_things_by_two_scripts(stage, rest):
    stage.add_init_script(
        """window.givenTwice = [];
        window.palaestra = new Proxy({}, {
          set(target, name, value) {
            if (document.currentScript && name in target) window.givenTwice.push(name);
            target[name] = value;
            return true;
          },
        });"""
    )
    open_stage(stage, rest)
    assert stage.url == ADDRESS
    assert stage.evaluate("[Object.keys(palaestra).length > 100, window.givenTwice]") == [True, []]


MODEL = """
    const rest = { section: "", kind: "int", initial: 1, algorithm: "", algorithms: [], when: null };
    const field = (path) => ({ key: path, path, ...rest });
    const paths = ["algorithm.name", "training.seed", "environment.n_envs"];
    const model = new palaestra.FormModel({ digest: "", fields: paths.map(field), algorithms: [] });
    const before = model.copy();
    const form = { preset: null, values: { "training.seed": 7, "environment.n_envs": 8 } };
"""


def test_the_first_form_comes_late_and_takes_nothing_back_that_was_typed_or_loaded(stage, rest):
    open_stage(stage, rest)
    typed = """() => {%s
      model.set("training.seed", 5);
      model.begin(form, before);
      return [model.values["training.seed"], model.baseline["training.seed"], model.values["environment.n_envs"]];
    }"""
    assert stage.evaluate(typed % MODEL) == [5, 7, 8]
    loaded = """() => {%s
      model.load({ preset: "other", values: { "training.seed": 2, "environment.n_envs": 2 } });
      model.begin(form, before);
      return [model.preset, model.values["training.seed"], model.baseline["training.seed"]];
    }"""
    assert stage.evaluate(loaded % MODEL) == ["other", 2, 2]


# ---- the form, over a real server ------------------------------------------------------------------------------

# hold("review"): from now on its answers wait in `held` for go(), or are told to fail.
HOLD = """(name) => {
  const { server } = document.querySelector("#pal-train");
  const real = server[name];
  window.held = [];
  const held = (asked, done, fail) => ({ fail, go: () => real(asked).then(done, fail) });
  server[name] = (asked) => new Promise((done, fail) => window.held.push(held(asked, done, fail)));
  window.release = () => { server[name] = real; };
}"""


def test_of_two_presets_chosen_quickly_the_last_is_loaded(page):
    page.evaluate(HOLD, "load_preset")
    page.evaluate("['ppo_pendulum', 'dqn_cartpole'].forEach((name) => palaestra.train.config.load(name))")
    page.evaluate("held[1].go()")
    page.wait_for_function("palaestra.train.model.preset === 'dqn_cartpole'")
    page.evaluate("held[0].go()")
    page.wait_for_timeout(300)
    assert page.evaluate("[palaestra.train.model.preset, palaestra.train.model.algorithm]") == ["dqn_cartpole", "dqn"]


def test_a_double_click_opens_one_dialog_and_nothing_is_applied_before_its_answer(page):
    page.evaluate(HOLD, "adjust_preset")
    page.locator("#preset-adjust").dblclick()
    page.evaluate("held.forEach((each) => each.go())")
    expect(page.locator("#adjust-apply")).to_be_visible()
    page.evaluate("release()")
    page.locator("label[for=adjust-quick]").click()
    expect(page.locator("#adjust-apply")).to_be_enabled()
    page.evaluate(HOLD, "adjust_preset")
    page.locator("label[for=adjust-long]").click()
    expect(page.locator("#adjust-apply")).to_be_disabled()
    page.evaluate("held[0].go()")
    expect(page.locator("#adjust-apply")).to_be_enabled()


def test_a_file_is_filled_in_only_as_its_report_shows_it(page, tmp_path):
    path = tmp_path / "a2c.yml"
    path.write_text("CartPole-v1:\n  gamma: 0.5\nAcrobot-v1:\n  gamma: 0.6\n")
    page.locator("#preset-file").set_input_files(path)
    page.locator("#import-entry").select_option("CartPole-v1")
    expect(page.locator("#import-fill")).to_be_enabled()
    page.evaluate(HOLD, "import_preset")
    page.locator("#import-entry").select_option("Acrobot-v1")
    expect(page.locator("#import-fill")).to_be_disabled()
    page.evaluate("held[0].fail(new Error('Lost.'))")
    expect(page.locator("#import-fill")).to_be_enabled()
    expect(page.locator("#import-entry")).to_have_value("CartPole-v1")


# The server's review, in whose answer a test puts what is in the way; a start is only noted.
WORLD = """() => {
  const { server } = document.querySelector("#pal-train");
  const real = server.review;
  Object.assign(window, { obstacles: [], faults: [], broken: false, reviews: 0, starts: 0 });
  server.review = async (asked) => {
    window.reviews += 1;
    if (window.broken) throw new Error("Broken.");
    const reply = await real(asked);
    reply.answer.start.obstacles = window.obstacles;
    reply.answer.faults = window.faults;
    return reply;
  };
  server.start = async () => { window.starts += 1; return { error: { message: "Noted.", details: [] } }; };
}"""


@pytest.fixture
def world(page):
    expect(page.locator("#review")).to_contain_text("Ready")
    page.evaluate(WORLD)
    return page


@pytest.mark.parametrize(
    "trouble",
    [{"obstacles": ["The disk is full."]}, {"faults": [{"field": "environment.id", "message": "Not there."}]}],
)
def test_a_start_asks_anew_whether_what_stood_in_its_way_is_gone(world, trouble):
    world.evaluate("trouble => { Object.assign(window, trouble); palaestra.train.reviewer.review(); }", trouble)
    expect(world.locator("#start")).to_have_attribute("aria-disabled", "true")
    world.locator("#start").click(force=True)
    world.wait_for_function("reviews === 2")
    expect(world.locator("#start")).to_have_text("Start")
    assert world.evaluate("starts") == 0
    world.evaluate("Object.assign(window, { obstacles: [], faults: [] })")
    world.locator("#start").click(force=True)
    world.wait_for_function("starts === 1")


def test_what_is_known_of_an_environment_goes_when_another_is_chosen(world):
    facts = world.locator(".pal-environment-facts")
    expect(facts).to_contain_text("4 numbers")
    world.evaluate("window.broken = true; palaestra.train.model.set('environment.id', 'Acrobot-v1')")
    assert facts.text_content() == "…"
    expect(facts).to_have_text("")
    world.evaluate("window.broken = false")
    expect(facts).to_contain_text("6 numbers")


def test_nothing_is_reviewed_while_train_is_not_looked_at_and_everything_when_it_is(world):
    world.evaluate("window.obstacles = ['The disk is full.']; palaestra.train.reviewer.review()")
    expect(world.locator("#review")).to_contain_text("The disk is full.")
    world.evaluate("palaestra.selectTab('help')")
    world.wait_for_function("palaestra.train.reviewer.shown === false")
    world.evaluate("window.obstacles = []; palaestra.train.model.set('training.seed', 3)")
    world.wait_for_timeout(500)
    assert world.evaluate("reviews") == 1
    world.evaluate("palaestra.selectTab('train')")
    expect(world.locator("#review")).to_contain_text("Ready")
    assert world.evaluate("reviews") == 2


def test_a_review_that_goes_wrong_says_so_and_is_asked_for_again(world):
    world.evaluate("window.broken = true; palaestra.train.reviewer.review()")
    expect(world.locator("#review")).to_contain_text(re.compile("Could not be checked: .*Broken"))
    expect(world.locator("#start")).not_to_have_attribute("aria-disabled", "true")
    world.evaluate("window.broken = false")
    expect(world.locator("#review")).to_contain_text("Ready")

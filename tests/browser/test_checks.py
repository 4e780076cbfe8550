"""Help where it is needed: faults marked at once, a panel of all of them with fixes, what a run takes, why not now."""

import re

import pytest
from playwright.sync_api import expect

from tests.config.test_durations import NONSENSE, TEXTS
from trainer.config.durations import show_duration


def field(page, path):
    return page.locator(f'.pal-field[data-path="{path}"]:visible')


def typed(page, key, value):
    page.evaluate("([key, value]) => palaestra.train.model.set(key, value)", [key, value])


@pytest.fixture
def deaf(page):
    """The page, whose server does not answer reviews any more."""
    expect(page.locator("#review")).to_contain_text("Ready")
    page.evaluate("() => { palaestra.train.reviewer.review = async () => {}; }")
    return page


def test_a_value_out_of_range_is_marked_at_once_and_without_the_server(deaf):
    gamma = field(deaf, "algorithm.gamma")
    gamma.locator("input").fill("99")
    expect(gamma).to_have_class(re.compile("pal-faulty"), timeout=400)
    expect(gamma.locator(".pal-field-fault")).to_have_text("Must be at most 1, not 99. Did you mean 0.99?")
    expect(deaf.locator("#start")).to_have_attribute("aria-disabled", "true")
    expect(deaf.locator("#start")).to_have_attribute("data-tip", re.compile("^Cannot start: Gamma – Must be at most 1"))
    gamma.locator("input").fill("0.9")
    expect(gamma.locator(".pal-field-fault")).to_have_text("")
    expect(deaf.locator("#start")).not_to_have_attribute("aria-disabled", "true")


def test_what_is_only_half_typed_is_marked_when_the_field_is_left(deaf):
    gamma = field(deaf, "algorithm.gamma")
    gamma.locator("input").fill("")
    gamma.locator("input").press_sequentially("0.9x")
    expect(gamma).not_to_have_class(re.compile("pal-faulty"), timeout=200)
    gamma.locator("input").blur()
    expect(gamma.locator(".pal-field-fault")).to_contain_text("Must be a number, not the text '0.9x'")


WRONG = [
    ("algorithm.gamma", "99"),
    ("algorithm.gamma", "100"),
    ("algorithm.n_steps", "1e16"),
    ("algorithm.n_epochs", "0"),
    ("algorithm.n_epochs", "1.5"),
    ("algorithm.n_epochs", "2.5"),
    ("algorithm.n_epochs", "0.3"),
    ("algorithm.batch_size", "many"),
    ("algorithm.n_steps", "2.000,0"),
    ("algorithm.gamma", "0,99"),
    ("algorithm.n_steps", "1,5"),
    ("algorithm.learning_rate", "1e-3x"),
    ("training.total_timesteps", ""),
    ("training.duration_seconds", "2 hors"),
    ("environment.n_envs", "5000"),
]


def test_the_browser_says_it_in_the_words_of_the_server(page):
    for path, value in WRONG:
        local, said = page.evaluate(
            """async ([path, typed]) => {
              const { model, ask } = palaestra.train;
              const field = model.applicable().find((each) => each.path === path);
              const number = ["int", "float"].includes(field.kind);
              model.set(field.key, number ? palaestra.readNumber(typed) : typed);
              const local = palaestra.localFault(field, model.values[field.key]);
              const { faults } = await ask("review", { filled: model.filled() });
              // What to do about it the browser does not always know.
              const told = ({ message, hint, fix }) => JSON.stringify(local.fix ? [message, hint, fix] : message);
              return [told(local), told(faults.find((fault) => fault.field === path))];
            }""",
            [path, value],
        )
        assert local == said


def test_required_fields_say_so(page):
    environment = field(page, "environment.id")
    expect(environment.locator(".pal-required")).to_have_text("required")
    expect(environment.locator("input")).to_have_attribute("aria-required", "true")
    steps = field(page, "training.total_timesteps")
    steps.locator("input").fill("")
    steps.locator("input").blur()
    expect(steps.locator(".pal-field-fault")).to_have_text("Needs a value; the default is 100,000.")
    steps.get_by_role("button", name="Set Total steps to 100,000").press("Enter")
    expect(steps.locator("input")).to_have_value("100,000")
    expect(steps.locator("input")).to_be_focused()  # its button is gone, the place in the page is not


def test_the_panel_lists_every_fault_by_section_and_leads_to_its_field(page):
    typed(page, "policy.ortho_init", False)
    typed(page, "policy.optimizer_kwargs", '{"lr": 1}')
    typed(page, "video.every_steps", "")
    typed(page, "video.milestones", False)
    typed(page, "ppo:algorithm.batch_size", 9000)
    expect(page.locator("#review")).to_contain_text("3 faults")
    page.locator("#checks-toggle").click()
    panel = page.locator("#checks")
    expect(panel.locator("h4")).to_have_text(["Algorithm", "Policy", "Video"])
    expect(panel.locator(".pal-check")).to_have_count(3)
    expect(panel.get_by_role("button", name="Empty Optimiser arguments")).to_be_visible()
    panel.get_by_role("button", name="Optimiser arguments", exact=True).click()
    expect(field(page, "policy.optimizer_kwargs").locator("textarea")).to_be_focused()


def test_a_press_on_a_fix_mends_the_fault(page):
    typed(page, "ppo:algorithm.batch_size", 9000)
    page.locator("#checks-toggle").click()
    page.locator("#checks").get_by_role("button", name="Set Batch size to 256").click()
    expect(field(page, "algorithm.batch_size").locator("input")).to_have_value("256")
    expect(page.locator("#review")).to_contain_text("Ready")
    expect(page.locator("#checks")).to_contain_text("Nothing is wrong with this form.")


def test_an_algorithm_that_cannot_act_here_is_changed_by_one_press(page):
    page.locator("#algorithm-dqn").check(force=True)
    typed(page, "environment.id", "Pendulum-v1")
    algorithm = field(page, "algorithm.name")
    expect(algorithm.locator(".pal-field-fault")).to_contain_text("DQN needs discrete actions")
    algorithm.get_by_role("button", name="Choose SAC").click()
    expect(page.locator("#algorithm-sac")).to_be_checked()
    expect(page.locator("#review")).to_contain_text("Ready")


def test_what_a_run_takes_stands_beside_start_and_in_parts_above_it(page):
    expect(page.locator("#review")).to_have_text(re.compile(r"^Ready: .+ RAM, (roughly|about) .+, .+ disk"))
    page.locator("#checks-toggle").click()
    panel = page.locator("#checks")
    expect(panel.locator('[data-take="memory"]')).to_contain_text("256 steps of a rollout")
    expect(panel.locator('[data-take="time"]')).to_contain_text("steps/s")
    expect(panel.locator('[data-take="disk"]')).to_contain_text("Checkpoints")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#checks-toggle")).to_be_focused()


def test_a_length_in_time_is_chosen_typed_and_taken_back(page):
    by_time, by_steps = (
        page.get_by_label("Train for a length of time"),
        page.get_by_label("Train for a number of steps"),
    )
    steps, time = (
        field(page, "training.total_timesteps").locator("input.pal-input"),
        page.locator('[data-path="training.duration_seconds"] input.pal-input'),
    )
    by_time.press("Enter")
    expect(time).to_have_value("2 h")
    expect(by_time).to_have_attribute("aria-pressed", "true")
    expect(steps).not_to_be_editable()
    page.evaluate("palaestra.goTo('#train/field=training.total_timesteps')")
    expect(by_steps).to_be_focused()  # the way to a number of steps that does not count is the one to make it count
    time.fill("90 min")
    expect(page.locator("#length-note")).to_have_text(re.compile(r"^(About|Roughly) [\d,]+ steps"))
    expect(page.locator("#review")).to_contain_text(", 1 h 30 min,")
    assert page.evaluate("() => palaestra.train.model.filled().values['training.duration_seconds']") == "90 min"
    by_steps.press("Space")
    expect(time).to_have_value("")
    expect(steps).to_be_editable()
    by_time.click()
    expect(time).to_have_value("1 h 30 min")
    time.fill("90")
    time.blur()
    expect(time).to_have_value("1 min 30 s")


def test_a_length_of_time_means_the_same_here_as_in_python(page):
    read = page.evaluate("texts => texts.map(palaestra.readDuration)", [*TEXTS, *NONSENSE])
    assert read == [*TEXTS.values(), *[None] * len(NONSENSE)]
    lengths = [1, 45, 60, 5400, 7200, 90_061, 45.5]
    assert page.evaluate("all => all.map(palaestra.showDuration)", lengths) == [show_duration(each) for each in lengths]


def test_start_says_that_a_run_would_wait_and_where_in_the_queue(page, server):
    long = {"training.total_timesteps": 10**9, "video.enabled": False, "evaluation.enabled": False}
    for _ in range(2):
        server.api("POST", "/api/runs", {"preset": "ppo_cartpole", "overrides": long})
    expect(page.locator("#review")).to_contain_text("as number 1 in the queue: all 2 places are taken", timeout=30_000)
    expect(page.locator("#start")).to_have_attribute("data-tip", re.compile("as number 1 in the queue"))
    expect(page.locator("#start")).not_to_have_attribute("aria-disabled", "true")


def test_on_a_phone_the_sign_opens_the_panel_and_start_stays_in_view(page):
    page.set_viewport_size({"width": 390, "height": 844})
    typed(page, "ppo:algorithm.batch_size", 9000)
    expect(page.locator("#review")).to_have_class(re.compile("pal-review-bad"))
    page.locator("#review").click()
    expect(page.locator("#checks .pal-check")).to_be_in_viewport()
    expect(page.locator("#start")).to_be_in_viewport(ratio=1)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390

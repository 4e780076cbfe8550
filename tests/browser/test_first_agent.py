"""The main job, as a newcomer does it: choose a preset, start, watch, pause, reload, resume, stop, play a video."""

import json
import time

import pytest
from playwright.sync_api import expect

from tests.serving_process import wait_until

# Points on the return curve at its newest drawing.
CURVE = """id => {
  const draws = palaestra.stats.draws.filter(draw => draw.run === id && draw.chart === "return");
  return draws.length ? draws[draws.length - 1].points : 0;
}"""


def _choose(page, name):
    page.locator("#preset").click()
    page.locator(f'#pal-train [role="option"][data-value="{name}"]').click()
    expect(page.locator(".pal-toast").filter(has_text=f"Loaded {name}.")).to_be_visible()
    expect(page.locator("#preset")).to_have_value(name)


def _fill(page, path, value):
    field = page.locator(f'.pal-field[data-path="{path}"]:visible input').first
    field.fill(value)


def _run(server, run_id):
    return server.api("GET", f"/api/runs/{run_id}")


def test_choose_start_watch_pause_reload_resume_stop_and_play(page, server):
    _choose(page, "ppo_cartpole")
    _fill(page, "training.total_timesteps", "5000000")
    page.locator('details[data-section="video"] > summary').click()
    _fill(page, "video.every_steps", "3000")
    expect(page.locator("#changed-count")).to_have_text("changed: 2 fields")
    page.locator("#start").click()
    card = page.locator(".pal-card").first
    expect(card).to_be_visible()
    run_id = card.get_attribute("data-run")
    expect(card).to_have_attribute("data-status", "running", timeout=60_000)

    first = wait_until(lambda: page.evaluate(CURVE, run_id))
    wait_until(lambda: page.evaluate(CURVE, run_id) > first)

    card.locator('[data-action="pause"]').click()
    expect(card).to_have_attribute("data-status", "paused")
    wait_until(lambda: _run(server, run_id)["status"] == "paused")
    held_at = _run(server, run_id)["step"]
    time.sleep(2)
    assert _run(server, run_id)["step"] == held_at

    page.reload()
    page.get_by_role("tab", name="Monitor").click()
    card = page.locator(f'.pal-card[data-run="{run_id}"]')
    expect(card).to_have_attribute("data-status", "paused")
    wait_until(lambda: page.evaluate(CURVE, run_id) >= first)

    card.locator('[data-action="resume"]').click()
    expect(card).to_have_attribute("data-status", "running")
    wait_until(lambda: _run(server, run_id)["step"] > held_at)
    wait_until(lambda: server.api("GET", f"/api/videos/recordings?run={run_id}")["videos"])
    card.locator('[data-action="stop"]').click()
    wait_until(lambda: _run(server, run_id)["status"] == "stopped")
    assert server.api("GET", f"/api/runs/{run_id}/checkpoints")["checkpoints"][-1]["kind"] == "stop"

    page.get_by_role("tab", name="Videos").click()
    page.locator("[data-video]").first.click()
    video = page.locator("dialog[open] video")
    expect(video).to_be_visible()
    page.wait_for_function("() => document.querySelector('dialog[open] video').currentTime > 0.2")
    assert page.evaluate("() => document.querySelector('dialog[open] video').videoWidth") > 0
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_preset_keeps_zero_and_false_through_save_and_load(page, server):
    _choose(page, "ppo_cartpole")
    page.locator('details[data-section="video"] > summary').click()
    _fill(page, "algorithm.gae_lambda", "0")
    page.locator('.pal-field[data-path="video.enabled"] input').click()
    page.locator("#preset-save").click()
    expect(page.locator(".pal-name-why")).to_contain_text("ppo_cartpole comes with Palaestra")
    page.locator("#preset-name-cancel").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("#preset-save-as").click()
    page.locator("#preset-name").fill("mine_zero")
    page.locator("#preset-name-save").click()
    expect(page.locator("#preset")).to_have_value("mine_zero")
    saved = json.loads((server.folder / "presets" / "mine_zero.json").read_text())["config"]
    assert saved["algorithm"]["gae_lambda"] == 0
    assert saved["video"]["enabled"] is False

    _choose(page, "dqn_cartpole")
    expect(page.locator("#algorithm-dqn")).to_be_checked()
    _choose(page, "mine_zero")
    expect(page.locator('.pal-field[data-path="algorithm.gae_lambda"]:visible input')).to_have_value("0")
    expect(page.locator('.pal-field[data-path="video.enabled"] input')).not_to_be_checked()
    expect(page.locator("#changed-count")).to_have_text("")


def test_switching_the_algorithm_switches_its_fields(page):
    page.locator("#algorithm-dqn").check(force=True)
    expect(page.locator('.pal-field[data-path="algorithm.exploration_fraction"]:visible')).to_have_count(1)
    expect(page.locator('.pal-field[data-path="algorithm.clip_range"]:visible')).to_have_count(0)


def test_every_field_has_a_label_and_help_that_shows_on_hover_and_focus(page):
    page.locator(".pal-form details").evaluate_all("folds => folds.forEach(fold => (fold.open = true))")
    missing = page.evaluate(
        """() => [...document.querySelectorAll('.pal-field')].filter(field =>
             !field.querySelector('.pal-label')?.textContent.trim() ||
             !field.querySelector('[id^="help-"]')?.textContent.trim()
           ).map(field => field.dataset.key)"""
    )
    assert missing == []
    field = page.locator('.pal-field[data-path="algorithm.gamma"]:visible')
    field.locator(".pal-label").hover()
    tip = page.locator(".pal-fieldhelp:visible")
    expect(tip).to_contain_text("algorithm.gamma")
    expect(tip).to_contain_text("Default 0.99")
    assert tip.evaluate("box => getComputedStyle(box).display") == "block"
    page.mouse.move(5, 5)
    expect(tip).to_have_count(0)
    page.locator('.pal-field[data-path="algorithm.n_epochs"]:visible input').focus()
    page.keyboard.press("Tab")
    expect(page.locator(".pal-fieldhelp:visible")).to_have_count(1)
    page.locator('.pal-field[data-path="algorithm.n_steps"]:visible .pal-label').hover()
    expect(tip).to_contain_text("Default 2,048")


def test_print_command_shows_the_line_that_does_the_same(page, server):
    _choose(page, "ppo_cartpole")
    _fill(page, "training.total_timesteps", "4321")
    page.locator("#print-command").click()
    expect(page.locator("#command-line")).to_have_text(
        f"./webui.sh train ppo_cartpole --set training.total_timesteps=4321 --outputs {server.folder / 'outputs'}"
    )
    page.locator("#copy-command").click()
    expect(page.locator("#copy-command")).not_to_have_text("Copy")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("algorithm.batch_size", "9999", "Batch size"),
        ("algorithm.gamma", "high", "Gamma"),
        ("algorithm.gamma", "1.5", "Gamma"),
        ("environment.n_envs", "0", "Copies"),
    ],
)
def test_a_wrong_value_is_named_beside_its_field_and_start_refuses(page, server, path, value, words):
    _choose(page, "ppo_cartpole")
    _fill(page, path, value)
    fault = page.locator(f'.pal-field[data-path="{path}"]:visible .pal-field-fault')
    expect(fault).to_be_visible()
    expect(page.locator("#review")).to_contain_text(words)
    before = server.api("GET", "/api/state")["counts"]
    page.locator("#start").click(force=True)
    time.sleep(0.5)
    assert server.api("GET", "/api/state")["counts"] == before
    assert page.evaluate("() => document.activeElement.closest('.pal-field')?.dataset.path") == path


def test_an_impossible_combination_is_named_at_every_field_it_concerns(page):
    _choose(page, "dqn_cartpole")
    page.locator("#input-environment-id").click()
    page.locator("#input-environment-id").fill("Pendulum-v1")
    page.keyboard.press("Enter")
    expect(page.locator('.pal-field[data-path="algorithm.name"] .pal-field-fault')).to_be_visible()
    expect(page.locator("#review")).to_contain_text("fault")


def test_an_unknown_environment_is_named_with_the_nearest(page):
    page.locator("#input-environment-id").click()
    page.locator("#input-environment-id").fill("CartPoll-v1")
    page.keyboard.press("Enter")
    expect(page.locator('.pal-field[data-path="environment.id"] .pal-field-fault')).to_contain_text("CartPole-v1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"schema_version": 1, "config": {"algorithm": {"na', "line 1"),
        ('{"schema_version": 1, "config": {"algorithm": {"name": "ppo", "gama": 0.9}}}', "algorithm.gama"),
        ('{"schema_version": 1, "config": {"training": {"seed": "seven"}}}', "training.seed"),
        ('{"schema_version": 99, "config": {}}', "reads versions up to 1"),
    ],
)
def test_a_bad_upload_is_refused_by_name_and_the_form_stays_as_it_was(page, text, words, tmp_path):
    _choose(page, "ppo_cartpole")
    _fill(page, "training.total_timesteps", "777")
    path = tmp_path / "upload.json"
    path.write_text(text)
    page.locator("#preset-file").set_input_files(path)
    message = page.locator('.pal-toast[data-kind="error"]')
    expect(message).to_contain_text(words)
    expect(page.locator('.pal-field[data-path="training.total_timesteps"] input')).to_have_value("777")


def test_a_preset_name_that_leads_out_of_its_folder_is_refused(page, server):
    page.locator("#preset-save-as").click()
    for name in ("../evil", "a/b", "..", "CON\\x"):
        page.locator("#preset-name").fill(name)
        page.locator("#preset-name-save").click()
        expect(page.locator("dialog .pal-field-fault")).to_be_visible()
    assert not (server.folder / "evil.json").exists()
    page.locator("#preset-name").fill("ppo_cartpole")
    page.locator("#preset-name-save").click()
    expect(page.locator("dialog .pal-field-fault")).to_be_visible()


def test_a_downloaded_preset_can_be_uploaded_again(page, tmp_path):
    _choose(page, "sac_pendulum")
    _fill(page, "training.seed", "42")
    with page.expect_download() as download:
        page.locator("#preset-download").click()
    path = tmp_path / "download.json"
    download.value.save_as(path)
    _choose(page, "ppo_cartpole")
    page.locator("#preset-file").set_input_files(path)
    expect(page.locator("#algorithm-sac")).to_be_checked()
    expect(page.locator('.pal-field[data-path="training.seed"] input')).to_have_value("42")

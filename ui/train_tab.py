"""The Train tab: configuration bar, form and action bar, and what the server answers them.

The element holds nothing but a place for the scripts (assets/form.js) and the functions they call. Every answer is
made from the engine at that moment; the page keeps what was typed, the server keeps no form.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from trainer.errors import PalaestraError
from ui.components.action_bar import ActionBar
from ui.components.config_bar import ConfigBar
from ui.components.environment_picker import environment_groups
from ui.components.form import describe_form

if TYPE_CHECKING:
    from trainer.engine import Engine

Request = Mapping[str, Any]
Answer = Callable[[Request], Any]

_ON_LOAD = """
const place = element.querySelector("[data-island]");
place.server = server;
place.description = JSON.parse(props.form);
(window.palaestraIslands = window.palaestraIslands || []).push(place);
window.palaestra?.mountIslands?.();
"""


@dataclass(frozen=True)
class TrainTab:
    """The parts of the Train tab: its element, and by name the answers that its scripts may ask for."""

    form: gr.HTML
    answers: Mapping[str, Answer]


def create_train_tab(engine: Engine) -> TrainTab:
    """Fill the current `gr.Tab`."""
    answers = create_answers(engine)
    form = gr.HTML(
        value='<div data-island="train" id="pal-train"><noscript>The form needs JavaScript.</noscript></div>',
        js_on_load=_ON_LOAD,
        server_functions=list(answers.values()),
        # As one text: Gradio copies data of its components several times, and watches each part of it.
        form=json.dumps(describe_form()),
        apply_default_css=False,
        container=False,
        padding=False,
        elem_id="train-form",
        elem_classes=["pal-island"],
    )
    return TrainTab(form, answers)


def create_answers(engine: Engine) -> dict[str, Answer]:
    """Return what the form may ask of the server, by name: functions of one JSON object that return JSON data."""
    bar, actions = ConfigBar(engine.presets, engine.defaults), ActionBar(engine)
    named: dict[str, Answer] = {
        "opening": lambda _: bar.opening(),
        "presets": lambda _: bar.listing(),
        "new_form": lambda _: bar.fresh(),
        "load_preset": lambda asked: bar.load(asked["name"]),
        "save_preset": lambda asked: bar.save(asked["name"], asked["filled"], replace=asked.get("replace", False)),
        "import_preset": bar.take_in,
        "adjust_preset": bar.adjustments,
        "download_preset": lambda asked: bar.download(asked["filled"]),
        "environments": lambda _: environment_groups(),
        "review": lambda asked: actions.review(asked["filled"]),
        "start": lambda asked: actions.submit(asked["filled"], start=True),
        "enqueue": lambda asked: actions.submit(asked["filled"], start=False),
        "command": lambda asked: actions.command(asked["filled"]),
    }
    return {name: _answering(name, answer) for name, answer in named.items()}


def _answering(name: str, answer: Answer) -> Answer:
    """Return `answer` under the name that scripts call, with errors meant for people as data."""

    @functools.wraps(answer)
    def answering(asked: Request) -> dict[str, Any]:
        try:
            return {"answer": answer(asked)}
        except PalaestraError as error:
            return {"error": error.as_json()}

    answering.__name__ = name
    return answering

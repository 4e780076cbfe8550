"""How soon the Train page can be used, and how quickly it changes between algorithms, with every field there is.

A machine that others use too is slow at times: the best of some tries is what the page itself takes.
"""

import statistics
import time

import pytest

pytestmark = pytest.mark.alone

TRIES = 4
OPENING = 3.0  # seconds
SWITCHING = 300  # ms

# The page itself says when Start may be pressed and every field of the form is there.
USABLE = """() => {
  const model = window.palaestra?.train?.model;
  const start = document.getElementById("start");
  return Boolean(model && start && start.getAttribute("aria-disabled") !== "true" && start.checkVisibility()
    && model.applicable().every(field => document.querySelector(`.pal-field[data-key="${field.key}"]`)));
}"""

# Presses each algorithm's button; ms until all its fields are drawn. All folds stand open: more cannot be drawn.
SWITCH = """async () => {
  const model = palaestra.train.model;
  const took = {};
  for (const fold of document.querySelectorAll(".pal-form details")) fold.open = true;
  const drawn = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  await drawn();
  const names = model.description.algorithms.map(({name}) => name).filter(name => name !== model.algorithm);
  for (const name of [...names, model.algorithm]) {
    const began = performance.now();
    document.getElementById(`algorithm-${name}`).click();
    await drawn();
    const nodes = [...document.querySelectorAll(".pal-field")].filter(node => node.checkVisibility());
    const shown = new Set(nodes.map(node => node.dataset.key));
    took[name] = performance.now() - began;
    const wanted = model.applicable().map(field => field.key);
    const complete = wanted.length === shown.size && wanted.every(key => shown.has(key));
    if (model.algorithm !== name || !complete) throw new Error(`the form of ${name} shows other fields`);
    await new Promise(done => setTimeout(done, 50));
  }
  return took;
}"""


@pytest.fixture
def fresh(chromium, server):
    """Opens the page in a profile that has never seen it; says how long that took."""
    contexts = []

    def opened():
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        began = time.monotonic()
        page.goto(server.url)
        page.wait_for_function(USABLE)
        seed = page.locator('.pal-field[data-path="training.seed"] input')
        seed.fill("41")
        assert page.evaluate("() => palaestra.train.model.values['training.seed']") == 41
        return page, time.monotonic() - began

    yield opened
    for context in contexts:
        context.close()


def test_the_train_page_with_all_its_fields_is_usable_within_3_s(fresh):
    took = []
    while len(took) < TRIES and min(took, default=OPENING) >= OPENING:
        page, seconds = fresh()
        took.append(seconds)
    fields = page.evaluate("() => palaestra.train.model.description.fields.length")
    print(f"\nthe Train page with {fields} fields was usable after {', '.join(f'{each:.2f}' for each in took)} s")
    assert min(took) < OPENING


def test_switching_algorithms_takes_under_300_ms_whichever_they_are(fresh):
    tries = []
    while len(tries) < TRIES and min((max(each.values()) for each in tries), default=SWITCHING) >= SWITCHING:
        page, _ = fresh()
        tries.append(page.evaluate(SWITCH))
        names = page.evaluate("() => palaestra.train.model.description.algorithms.map(({name}) => name)")
        assert sorted(tries[-1]) == sorted(names)
    for took in tries:
        worst = max(took, key=took.get)
        median = statistics.median(took.values())
        print(f"\n{len(took)} algorithms: switching took {median:.0f} ms (median), {took[worst]:.0f} ms to {worst}")
    assert min(max(each.values()) for each in tries) < SWITCHING

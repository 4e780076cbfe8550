"""The page speaks the reader's language from its first moment, and English where that lacks a word."""

import pytest

from tests.browser.stage import Rest, open_stage, until


@pytest.fixture
def page_in(chromium):
    """Give a stage in a browser that asks for a language."""
    contexts = []

    def page_in(locale):
        context = chromium.new_context(locale=locale, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        return open_stage(context.new_page(), Rest())

    yield page_in
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("locale", "language", "tab", "number"),
    [
        ("es-MX", "es", "Entrenar", "1.234.567"),
        ("zh-TW", "zh-CN", "训练", "1,234,567"),
        ("en-GB", "en", "Train", "1,234,567"),
        ("fi-FI", "en", "Train", "1,234,567"),
    ],
)
def test_the_browsers_language_is_spoken_numbers_and_tabs_included(page_in, locale, language, tab, number):
    page = page_in(locale)
    assert page.evaluate("document.documentElement.lang") == language
    until(page, "name => document.getElementById('tab-train-button').textContent.trim() === name", tab)
    assert page.evaluate("palaestra.format.count(1234567)") == number
    assert page.inner_text(".pal-counts") == page.evaluate("palaestra.text('footer.no_runs')")


def test_a_readers_own_choice_outweighs_the_browser_and_can_be_taken_back(page_in):
    page = page_in("zh-CN")
    for chosen, spoken in (("es", "es"), (None, "zh-CN")):
        with page.expect_navigation():
            page.evaluate("name => void palaestra.speak(name)", chosen)
        until(page, "window.palaestra?.state?.online === true")
        assert page.evaluate("document.documentElement.lang") == spoken


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("must be one of tanh, relu, not 'relue'", "debe ser uno de tanh, relu, no 'relue'"),
        ("must be text, not 1", "debe ser texto, no 1"),
        ('must be "auto" or a number, not None', 'debe ser "auto" o un número, no None'),
        ("must be a list of whole numbers from 0", "debe ser una lista de números enteros desde 0"),
        ("training.seed must be at most 9, not 12.", "training.seed debe ser como máximo 9, no 12."),
        (
            "run: is missing; algorithm.gamma: must be a number, not 3 x",
            "run: falta; algorithm.gamma: debe ser un número, no 3 x",
        ),
        ("Frame skip needs images of at least 8 x 8.", "Salto de fotogramas necesita imágenes de al menos 8 x 8."),
        ("must be a number from 0 to 1, not True.", "debe ser un número de 0 a 1, no True."),
        ("PPO has no such setting; TD3, SAC have it", "PPO no tiene ese ajuste; TD3, SAC lo tienen"),
        (
            "2.0 GB of memory are needed for 5,000 transitions, and 1.5 GB are left to it of the run's limit of 9 MB",
            "hacen falta 2.0 GB de memoria para 5\u202f000 transiciones, "
            "y 1.5 GB le quedan del límite de 9 MB de la ejecución",
        ),
        (
            "It is not a number of minibatches of a rollout. There are none.",
            "No es un número de minilotes de un rollout. No hay ninguno.",
        ),
    ],
)
def test_what_the_server_puts_together_is_told_whole(page_in, english, spanish):
    assert page_in("es").evaluate("english => palaestra.said(english)", english) == spanish


def test_plural_forms_and_values_are_filled_in_and_what_is_missing_is_english(page_in):
    page = page_in("es")
    text = "(key, values) => palaestra.text(key, values)"
    page.evaluate(
        """() => Object.assign(palaestra.catalogues.get("es"), {
            "test.runs": {one: "{count} vez", other: "{count} veces"},
        })"""
    )
    assert page.evaluate(f"({text})('test.runs', {{count: 1}})") == "1 vez"
    assert page.evaluate(f"({text})('test.runs', {{count: 12345.5}})") == "12.345,5 veces"
    page.evaluate("() => { delete palaestra.catalogues.get('es')['footer.no_runs']; }")
    assert page.evaluate(f"({text})('footer.no_runs')") == "no runs"
    assert page.evaluate(f"({text})('no.such.key')") == "no.such.key"
    assert page.evaluate("palaestra.said('What nobody has translated')") == "What nobody has translated"


def test_a_field_is_quoted_in_the_words_that_its_control_shows_and_its_arrow_is_a_line(page_in):
    page = page_in("es")
    quoted, offered, fill = page.evaluate(
        """() => {
            const base = {key: "x", path: "x", title: "X", help: "", choices: [], nullable: true, algorithms: []};
            const noise = {...base, initial: "", kind: "choice", choices: ["none", "ornstein_uhlenbeck"]};
            const asked = {...base, initial: "", kind: "optional_bool"};
            const model = {values: {x: "true"}, baseline: {x: ""}, differs: () => true, applies: () => true};
            const offered = (field) => [...palaestra.controlFor(field).node.options];
            const options = [noise, asked].flatMap((field) => offered(field).map((each) => [field, each]));
            return [
                options.map(([field, option]) => palaestra.showValue(field, option.value)),
                options.map(([field, option]) => option.text),
                new palaestra.FormField(model, asked).node.querySelector(".pal-back path").getAttribute("fill"),
            ];
        }"""
    )
    assert quoted == offered
    assert "sí" in offered
    assert fill == "none"


def test_a_catalogue_that_does_not_arrive_leaves_the_page_in_english(page_in):
    page = page_in("es")
    page.route("**/languages/es.json*", lambda route: route.abort())
    page.reload()
    until(page, "window.palaestra?.state?.online === true")
    assert page.inner_text(".pal-counts") == "no runs"


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("Learning rate", "Tasa de aprendizaje"),
        ("must be at least 1, not 0", "debe ser al menos 1, no 0"),
        ("line 7: must be a whole number, not the text 'x'", "línea 7: debe ser un número entero, no el texto 'x'"),
        ("There is no preset named x. Did you mean y?", "No hay ningún preajuste llamado x. ¿Querías decir y?"),
        (
            "The disk that holds /a is full (2.0 GB free). Free some space, then press Resume: nothing is lost.",
            "El disco que contiene /a está lleno (2.0 GB libres). Libera espacio y pulsa Reanudar: no se pierde nada.",
        ),
        ("The disk that holds /a is full.", "El disco que contiene /a está lleno."),
        ("must be a whole number, not '1,000'", "debe ser un número entero, no '1,000'"),
        ("Goes on from step 5,000 of a-run.", "Continúa desde el paso 5\u202f000 de a-run."),
        ("1 continuous action", "1 acción continua"),
        ("PPO on CartPole-v1, 100,000 steps, seed 0", "PPO en CartPole-v1, 100\u202f000 pasos, semilla 0"),
        (
            "A sentence that nobody has translated, with 3 numbers",
            "A sentence that nobody has translated, with 3 numbers",
        ),
    ],
)
def test_what_the_server_says_is_translated_around_its_names_and_numbers(page_in, english, spanish):
    page = page_in("es")
    assert page.evaluate("text => palaestra.said(text)", english) == spanish


def test_no_number_of_sentences_is_too_many(page_in):
    page = page_in("es")
    told = page.evaluate("() => Array.from({length: 2100}, (_, n) => palaestra.said(`must be at least ${n}, not 0`))")
    assert told == [f"debe ser al menos {n}, no 0" for n in range(2100)]

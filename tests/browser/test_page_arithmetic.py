"""What the page's scripts reckon: numbers for people, ticks, thinned curves."""

import pytest

from tests.browser.stage import Rest, open_stage, plain
from tests.test_amounts import SIZES


@pytest.fixture(scope="module")
def shared_page(chromium):
    context = chromium.new_context()
    yield open_stage(context.new_page(), Rest())
    context.close()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("count(1234567)", "1,234,567"),
        ("count(0)", "0"),
        ("count(null)", "-"),
        ("value(0)", "0"),
        ("value(14)", "14.00"),
        ("value(-198.34)", "-198.3"),
        ("value(0.01234)", "0.0123"),
        ("value(3e-4)", "3.00e-4"),
        ("value(null)", "-"),
        ("spread(12.8231, 0.6)", "12.82 ± 0.60"),
        ("duration(4323)", "1:12:03"),
        ("duration(42)", "0:42"),
        ("duration(0)", "0:00"),
        ("duration(273600)", "3 d 4 h"),
        ("bytes(41 * 2 ** 30)", "41.0 GB"),
        ("share(6.1 * 2 ** 30, 24 * 2 ** 30)", "6.1/24 GB"),
        ("percent(0.999)", "99%"),
        ("progress(0.29)", "29%"),
        ("percent(0.098)", "9%"),
        ("progress(0.0098)", "0.9%"),
        ("progress(1)", "100%"),
        ("progress(0)", "0%"),
        ("value(9535.5)", "9,535.5"),
        ("spread(9535.5, 1100.5)", "9,535.5 ± 1,100.5"),
        ("short(50000)", "50k"),
        ("short(12345)", "12.3k"),
        ("short(10000000)", "10M"),
        ("short(950)", "950"),
        ("capital('must be at least 1')", "Must be at least 1"),
        ("capital('defaults.toml is not TOML')", "defaults.toml is not TOML"),
        ("capital('minigrid.wrappers:FlatObsWrapper refuses')", "minigrid.wrappers:FlatObsWrapper refuses"),
        ("capital('cuda:0 is not there')", "cuda:0 is not there"),
        ("capital('está mal')", "Está mal"),
        *((f"bytes({count!r})", words) for count, words in SIZES),
    ],
)
def test_numbers_are_written_as_people_read_them(shared_page, call, text):
    assert plain(shared_page.evaluate(f"palaestra.format.{call}")) == text


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        (0, 4_100_000, ["0", "1M", "2M", "3M", "4M"]),
        (0, 20_000, ["0", "5k", "10k", "15k", "20k"]),
        (0, 5000, ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]),
        (0, 500, ["0", "100", "200", "300", "400", "500"]),
        (-0.7, -0.5, ["-0.7", "-0.65", "-0.6", "-0.55", "-0.5"]),
        (0, 0.0003, ["0", "1e-4", "2e-4", "3e-4"]),
    ],
)
def test_axes_have_round_ticks_with_si_units(shared_page, start, end, labels):
    script = """([from, to]) => {
        const {values, step} = palaestra.plot.ticks(from, to, 5);
        return values.map((value) => palaestra.plot.tickLabel(value, step, Math.max(Math.abs(from), Math.abs(to))));
    }"""
    assert [plain(label) for label in shared_page.evaluate(script, [start, end])] == labels


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [("0.0003", "3e-4", True), ("0.0003", "0.0001", False), ("lin_3e-4", "0.0003", False), ("auto", "auto_0.1", False)],
)
def test_a_form_knows_which_texts_mean_the_same_number(shared_page, first, second, same):
    script = """([first, second]) => {
        const field = {kind: "number_or_auto"};
        return palaestra.meaning(field, first) === palaestra.meaning(field, second);
    }"""
    assert shared_page.evaluate(script, [first, second]) is same


def test_thinning_keeps_every_dip_and_peak_and_the_newest_point(shared_page):
    series = shared_page.evaluate(
        """() => {
        const steps = [...Array(5000).keys()], values = steps.map((step) => Math.sin(step / 90));
        values[1234] = 50; values[4321] = -60;
        const series = {steps, values, epoch: 0};
        palaestra.series.thin(series, 400);
        return series;
    }"""
    )
    assert len(series["steps"]) <= 402
    assert series["steps"] == sorted(series["steps"])
    assert (max(series["values"]), min(series["values"])) == (50, -60)
    assert series["steps"][-1] == 4999
    assert series["epoch"] == 1

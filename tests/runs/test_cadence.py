"""When something is due, asked at rollout boundaries that may lie anywhere."""

from trainer.runs.cadence import Cadence


def _answer(cadence, step, fraction=0.0):
    """Ask, and do at once what is due."""
    kind = cadence.due(step, fraction)
    if kind:
        cadence.done(step, fraction)
    return kind


def test_what_was_not_done_stays_due_and_is_still_due_after_a_restart():
    now = [0.0]
    cadence = Cadence(every_steps=100, every_seconds=60.0, milestones=True, clock=lambda: now[0])
    assert [cadence.due(step, 0.0) for step in (99, 100, 150)] == [None, "periodic", "periodic"]
    again = Cadence(every_steps=100, every_seconds=60.0, milestones=True, clock=lambda: now[0])
    again.restore(cadence.state(), 150)
    assert again.due(150, 0.0) == "periodic"
    again.done(150, 0.0)
    assert again.due(150, 0.0) is None
    now[0] = 61.0
    assert again.due(150, 0.0) == "periodic"
    assert again.due(150, 0.2) == "milestone"


def test_every_interval_that_passed_is_answered_once():
    cadence = Cadence(every_steps=100)
    answers = [_answer(cadence, step) for step in (64, 128, 192, 256, 512, 513)]
    assert answers == [None, "periodic", None, "periodic", "periodic", None]


def test_milestones_come_at_each_tenth_and_win_over_intervals():
    cadence = Cadence(every_steps=50, milestones=True)
    steps = range(25, 1001, 25)
    kinds = [_answer(cadence, step, step / 1000) for step in steps]
    assert kinds.count("milestone") == 10
    assert kinds[-1] == "milestone"


def test_seconds_are_counted_from_the_last_time():
    now = [0.0]
    cadence = Cadence(every_seconds=10.0, clock=lambda: now[0])
    answers = []
    for now[0] in (5.0, 10.0, 15.0, 20.5, 29.0, 31.0):
        answers.append(_answer(cadence, 1))
    assert answers == [None, "periodic", None, "periodic", None, "periodic"]


def test_without_any_interval_nothing_is_ever_due():
    cadence = Cadence()
    assert [cadence.due(step, step / 10) for step in range(11)] == [None] * 11

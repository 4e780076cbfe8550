"""The life of a run as a table: what may follow what, and what a person is told."""

import pytest

from trainer.errors import ConflictError
from trainer.runs.states import ACTIVE, ENDED, LIVE, TRANSITIONS, RunState, require_transition, why_not


def test_every_state_is_live_or_ended_and_has_its_row():
    assert set(RunState) == LIVE | ENDED
    assert not LIVE & ENDED
    assert ACTIVE < LIVE
    assert set(TRANSITIONS) == set(RunState)


def test_ended_runs_can_only_wait_for_their_turn_again_and_every_live_state_can_be_interrupted():
    assert all(TRANSITIONS[state] == {RunState.QUEUED} for state in ENDED)
    assert all(RunState.INTERRUPTED in TRANSITIONS[state] for state in LIVE)


def test_an_illegal_transition_says_what_is_allowed():
    with pytest.raises(
        ConflictError, match="A queued run cannot become paused; allowed: interrupted, starting, stopped"
    ):
        require_transition(RunState.QUEUED, RunState.PAUSED)
    with pytest.raises(ConflictError, match="A completed run cannot become running; allowed: queued"):
        require_transition(RunState.COMPLETED, RunState.RUNNING)


@pytest.mark.parametrize(
    ("action", "possible"),
    [
        ("start", {RunState.QUEUED}),
        ("pause", {RunState.STARTING, RunState.RUNNING}),
        ("resume", {RunState.PAUSED, RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED}),
        ("restart", ENDED),
        ("extend", ENDED),
        ("stop", {RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.PAUSED}),
    ],
)
def test_each_action_is_possible_in_its_states_only_and_else_says_why(action, possible):
    assert {state for state in RunState if why_not(action, state) is None} == possible


def test_the_store_and_the_states_agree_on_what_has_ended():
    from trainer.store import ENDED_STATES

    assert {state.value for state in ENDED} == set(ENDED_STATES)

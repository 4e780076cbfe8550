"""How a run is told to hold, to end, or to go on with other settings.

A session asks its `RunControl` at two kinds of boundary only: between steps (`hold_point`, one flag read when
nothing is asked) and where a run may end or change (`stop_requested`, `take_edit`). Requests may come from any
thread at any time; holding and ending are idempotent, and of several edits the newest counts. Time spent held is
measured, so that speeds and durations can leave it out. Each hold point is also a heartbeat, from which others can
tell a run that works from one that hangs.

Where the session is in another process, it asks a control over there. The one here passes every request on (`forward`)
and is told when that session holds and goes on (`began_to_hold`, `went_on`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from trainer.runs.turns import Turn

if TYPE_CHECKING:
    from trainer.runs.edits import Edit


class Abandoned(BaseException):
    """Ends a thread whose run was given up while it did not answer; nobody waits for it any more."""


class RunControl:
    """Pause, resume and stop requests of one run.

    :param on_hold: called in the session's thread when it really holds
    :param on_release: called in the session's thread when it goes on; gets whether a stop was asked for

    `on_waited` is told, in the session's thread, the seconds of every hold; `on_last_edit` is called when it takes no
    edits any more. `last_beat` is when the session was last
    heard of (`time.monotonic`), None before it began; `thread` is the thread it works in; `pause_reason` says why it
    was asked to hold, where that is not a person's wish.
    """

    def __init__(
        self,
        on_hold: Callable[[], None] = lambda: None,
        on_release: Callable[[bool], None] = lambda _stopping: None,
    ) -> None:
        self._changed = threading.Condition()
        self._hold = False
        self._stop = False
        self._edit: Edit | None = None
        self._takes_edits = True
        self._held = False
        self._held_seconds = 0.0
        self._held_since: float | None = None
        self._turn: Turn | None = None
        self._abandoned = False
        self.last_beat: float | None = None
        self.thread: int | None = None
        self.pause_reason: str | None = None
        self.on_waited: Callable[[float], None] = lambda _seconds: None
        self.on_last_edit: Callable[[], None] = lambda: None
        self._on_hold = on_hold
        self._on_release = on_release
        self._pass_on: Callable[..., None] = lambda *_request: None

    def forward(self, pass_on: Callable[..., None]) -> None:
        """Have every request passed on from now on, and those that stand at this moment.

        :param pass_on: gets the name of a method of this class, and its arguments; must neither wait nor raise
        """
        with self._changed:
            self._pass_on = pass_on
            if self._edit is not None:
                pass_on("request_edit", self._edit)
            if self._stop:
                pass_on("request_stop")
            elif self._hold:
                pass_on("request_pause", self.pause_reason)

    def take_turns(self, turn: Turn) -> None:
        """Have the session pass its turn on at its hold points, and give it up while it holds."""
        self._turn = turn

    def spread(self) -> None:
        """Have what the session starts now run on any core, whichever the run itself shares with others."""
        if self._turn is not None:
            self._turn.spread()

    def request_pause(self, reason: str | None = None) -> None:
        """Ask the session to hold at its next step.

        :param reason: shown with the paused run
        """
        with self._changed:
            if not self._stop and not self._hold:
                self._hold = True
                self.pause_reason = reason
                self._pass_on("request_pause", reason)

    def hold_for(self, reason: str) -> None:
        """Hold the session here, in whose thread this is called, until a person lets it go on or end."""
        with self._changed:
            self._hold = not self._stop
            self.pause_reason = reason
        self.hold_point()

    def request_resume(self) -> None:
        """Let a holding session go on."""
        with self._changed:
            self._hold = False
            self._changed.notify_all()
            self._pass_on("request_resume")

    def request_stop(self) -> None:
        """Ask the session to end where it next can; a holding one is released to get there."""
        with self._changed:
            self._stop = True
            self._hold = False
            self._changed.notify_all()
            self._pass_on("request_stop")

    def request_edit(self, edit: Edit) -> bool:
        """Have the session go on with other settings after its present rollout; return False when it has no other."""
        with self._changed:
            if self._takes_edits:
                self._edit = edit
                self._pass_on("request_edit", edit)
            return self._takes_edits

    def take_edit(self, *, last: bool = False) -> Edit | None:
        """Return the newest edit that was asked for since the last call, if any.

        :param last: there is no rollout left for later ones
        """
        if self._edit is None and not last:
            return None
        with self._changed:
            edit, self._edit = self._edit, None
            self._takes_edits = not last
        if last:
            self.on_last_edit()
        return edit

    @property
    def stop_requested(self) -> bool:
        """Whether the run was asked to end."""
        return self._stop

    @property
    def pause_requested(self) -> bool:
        """Whether the run was asked to hold, whether it does so yet or not."""
        return self._hold

    @property
    def held_seconds(self) -> float:
        """Seconds spent holding so far, the present hold included."""
        with self._changed:
            since = self._held_since
            return self._held_seconds + (time.monotonic() - since if since is not None else 0.0)

    def abandon(self) -> None:
        """Give up a session that does not answer: its turn goes to others; its thread ends if it ever comes back."""
        with self._changed:
            self._abandoned = self._stop = self._hold = True
        if self._turn is not None:
            self._turn.take_away()

    @property
    def abandoned(self) -> bool:
        """Whether the run was given up."""
        return self._abandoned

    @property
    def waits(self) -> bool:
        """Whether the session is held or waits for its turn, so that no heartbeat is to be expected."""
        return self._held_since is not None or (self._turn is not None and self._turn.waits)

    def begin(self) -> None:
        """Note that the session begins in the calling thread; from now on its heartbeat counts."""
        self.thread = threading.get_ident()
        self.last_beat = time.monotonic()

    def hold_point(self, while_held: Callable[[], None] = lambda: None) -> None:
        """Hold here for as long as a pause is asked for, and let others have their turn. Costs next to nothing else.

        :param while_held: called once when the run holds; it should end soon when `pause_requested` does
        :raises Abandoned: the run was given up
        """
        if self._hold:
            if self._abandoned:
                raise Abandoned
            if self._turn is not None:
                self._turn.end()
            self._wait_for_release(while_held)
            if self._turn is not None:
                self._turn.begin()
        elif self._turn is not None:
            self._turn.point()
        self.last_beat = time.monotonic()

    def wait_until_held(self, timeout: float) -> bool:
        """Wait until the session holds; return whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._held or not self._hold, timeout) and self._held

    def wait_until_released(self, timeout: float) -> bool:
        """Wait until the session no longer holds; return whether it goes on."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout)

    def began_to_hold(self) -> None:
        """Take note that the session holds from now on."""
        self._held_since = time.monotonic()
        self._on_hold()
        with self._changed:
            self._held = True
            self._changed.notify_all()

    def went_on(self) -> None:
        """Take note that the session, which held, goes on."""
        with self._changed:
            since = self._held_since
            held = 0.0 if since is None else time.monotonic() - since
            self._held_seconds, self._held_since = self._held_seconds + held, None
            stopping = self._stop
        self.on_waited(held)
        self._on_release(stopping)
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def _wait_for_release(self, while_held: Callable[[], None]) -> None:
        self.began_to_hold()
        while_held()
        with self._changed:
            self._changed.wait_for(lambda: not self._hold)
        self.went_on()

"""Why a run's process ended before its run did, in words that say what to do."""

from __future__ import annotations

import signal
import sys

from trainer.errors import PalaestraError

GO_ON = "Resume goes on from its last checkpoint."
_GIB = 1024**3
# What native code does to itself, as opposed to what somebody does to a process.
_CRASHES = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"}
# Of Windows: NTSTATUS values, which are the exit codes of what crashes there.
_NTSTATUS = {
    0xC0000005: "access violation",
    0xC0000017: "not enough memory",
    0xC000001D: "illegal instruction",
    0xC0000094: "division by zero",
    0xC00000FD: "stack overflow",
    0xC0000374: "damaged heap",
    0xC0000409: "abort",
}


class RunProcessError(PalaestraError):
    """A run in a process of its own has failed there, or its process is gone.

    :param message: the reason, for people
    :param trace: a traceback's text, where there is one
    :param interrupted: the program itself has ended the process, for its own end
    """

    code = "run_process"

    def __init__(self, message: str, trace: str | None = None, *, interrupted: bool = False) -> None:
        super().__init__(message)
        self.trace = trace
        self.interrupted = interrupted


def too_much_memory(used: int, limit_mb: int) -> str:
    """Return the reason of a process that was ended for the memory it took.

    :param used: bytes
    """
    return (
        f"It used {used / _GIB:.2f} GB, more than its limit of {limit_mb / 1024:.2f} GB (resources.memory_limit_mb). "
        f"Give it more, or make the replay buffer, the rollout or the number of copies smaller. {GO_ON}"
    )


def ended(code: int) -> str:
    """Return the reason of a process that ended unasked.

    :param code: as `subprocess` gives it: negative for a signal
    """
    if code < 0:
        return _signal(-code)
    status = code & 0xFFFFFFFF
    if status in _NTSTATUS:
        return _crash(f"{_NTSTATUS[status]}, 0x{status:08X}")
    if sys.platform == "win32" and code == 1:
        return f"Its process was ended from outside, most likely by a person. {GO_ON}"
    return (
        f"Its process ended by itself with exit status {code}, before the run did: something in it, most likely the "
        f"environment, ends the whole process. The program's own terminal may say more. {GO_ON}"
    )


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    if name in _CRASHES:
        return _crash(f"signal {name}")
    who = "by a person, or because the machine ran out of memory" if name == "SIGKILL" else "most likely by a person"
    return f"Its process was ended by signal {name} from outside ({who}). {GO_ON}"


def _crash(how: str) -> str:
    return (
        f"Its process crashed in native code ({how}): the environment or a library has a fault. The log has where it "
        f"was. {GO_ON}"
    )

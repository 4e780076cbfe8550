"""Everything a front end needs, opened and closed together: store, manager, presets, files, hardware.

`app.py` opens one engine; the pages and the API read from it and ask it; a notebook may do the same.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from trainer import __version__
from trainer.config import About, Preset, PresetStore
from trainer.config.defaults import FILE_NAME, DefaultsFile
from trainer.config.presets import DEFAULTS
from trainer.envs.custom.shelf import CustomEnvironments
from trainer.envs.gallery import Gallery
from trainer.errors import StorageError
from trainer.hardware.monitor import HardwareMonitor
from trainer.paths import BUILT_IN_PRESETS, ENVIRONMENTS, USER_PRESETS, Layout
from trainer.runs.describe import run_json
from trainer.runs.manager import RunManager
from trainer.runs.states import RunState
from trainer.runs.watch import Watch
from trainer.runs.watchdog import PERIOD_SECONDS as GUARD_SECONDS
from trainer.store import RunRecord, Store
from trainer.tools.jobs import ToolJobs

LIVE_RUNS = 200  # most that a dashboard is told of
RECENT_RUNS = 12


class Engine:
    """The program without a face.

    :param outputs: directory that takes the database and the runs; made when it is missing
    :param database_url: SQLAlchemy URL; None means the SQLite file in `outputs`
    :param user_presets: folder that takes the presets people save, and the file of their own defaults
    :param environments: folder of the user's own environments; those that were enabled are imported
    :param slots: how many runs may be active at once
    :param global_seed: see `RunManager`
    :param recover: look for runs whose process has died, now and every few seconds; left to the server, which alone
        can offer what to do
    :param auto_resume: let interrupted and waiting runs go on by themselves
    :raises StorageError: the outputs directory cannot be written
    """

    version = __version__

    def __init__(
        self,
        outputs: Path,
        *,
        database_url: str | None = None,
        user_presets: Path = USER_PRESETS,
        environments: Path = ENVIRONMENTS,
        slots: int = 4,
        global_seed: bool = False,
        recover: bool = True,
        auto_resume: bool = False,
    ) -> None:
        self.layout = Layout(outputs.resolve())
        try:
            self.layout.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The outputs folder {outputs} cannot be used: {error}.") from error
        self.store = Store.open(database_url or self.layout.default_database_url)
        self.presets = PresetStore(BUILT_IN_PRESETS, user_presets)
        self.defaults = DefaultsFile(user_presets / FILE_NAME)
        self.environments = CustomEnvironments(environments, self.layout.outputs / "environments.json")
        self.environments.take_in_enabled()
        self.gallery = Gallery(self.layout.outputs / "environments")
        self.monitor = HardwareMonitor(self.layout.outputs)
        self.manager = RunManager(self.store, self.layout, self.presets, slots=slots, global_seed=global_seed)
        self.tools = ToolJobs(self.store, self.layout, self.manager)
        self._auto_resume = auto_resume
        if recover:
            self.manager.take_in_found()
        self.interrupted = self._recover() if recover else ()
        self._watches = [Watch(self.manager.look_after, period=GUARD_SECONDS, name="run-guardian")]
        if recover:
            self._watches.append(Watch(self._recover))

    def _recover(self) -> tuple[str, ...]:
        return self.manager.recover(go_on=self._auto_resume)

    def snapshot(self) -> dict[str, Any]:
        """Return what a dashboard needs in one call: the body of `GET /api/state`."""
        error = self.store.last_error
        with self.store.together():
            counts, shown = self.counts(), self.manager.board(LIVE_RUNS, RECENT_RUNS)
        return {
            "version": self.version,
            "time": time.time(),
            "counts": counts,
            "runs": [self.run_json(record) for record in shown],
            "system": self.monitor.sample(),
            "store": {"ok": error is None, "message": error},
        }

    def counts(self) -> dict[str, int]:
        """Return how many runs are in each state, states without any included."""
        counts = self.store.counts()
        return {state.value: counts.get(state.value, 0) for state in RunState}

    def run_json(self, record: RunRecord) -> dict[str, Any]:
        """Return one run in the shape of the REST contract."""
        return run_json(record, self.manager.actions(record), self.manager.process(record.id))

    def preset(self, name: str) -> Preset:
        """Return a preset by name, or one's own defaults for the word `defaults`, whose preset has no name.

        :raises PalaestraError: there is no such preset, or what it says cannot be used
        """
        if name == DEFAULTS and all(info.name != name for info in self.presets.list()):
            return Preset("", About(title="Your defaults"), self.defaults.config())
        return self.presets.load(name)

    def close(self) -> None:
        """Stop every run with a checkpoint and write what is still to be written."""
        for watch in self._watches:
            watch.close()
        self.tools.close()
        self.manager.close()
        self.environments.close()
        self.monitor.close()
        self.store.close()

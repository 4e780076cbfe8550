"""One process that serves pages, API and training: opened in order, closed in reverse.

The page answers before torch is imported; torch comes in the background, so that the first Start does not wait
for it either.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
import webbrowser
from types import FrameType
from urllib.parse import urlsplit

from serving.only import OnlyServer
from serving.settings import Settings, SettingsError
from serving.warm_up import warm_up
from trainer.amounts import counted
from trainer.engine import Engine

# How often Gradio's queue looks for events of its own components, of which our page has hardly any. Its default is a
# thousand times a second (on Windows it is this), and each look takes the interpreter from whoever trains.
QUEUE_SECONDS = 0.05
SHARE_PROBE_SECONDS = 3.0

_log = logging.getLogger(__name__)


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status.

    :raises PalaestraError: the port is taken, the outputs folder cannot be used, or no share link can be had
    """
    # Gradio takes two seconds to import; whoever asked for --help or mistyped a flag has not waited for it.
    import gradio as gr

    from api import AccessPolicy, Site
    from ui.catalogue import LANGUAGES
    from ui.page import ASSETS, build_page, launch_options

    if settings.share:
        _require_share_service()
    only = OnlyServer(settings.outputs)
    engine = Engine(
        settings.outputs,
        database_url=settings.database,
        user_presets=settings.presets,
        environments=settings.environments,
        slots=settings.max_running,
        auto_resume=settings.auto_resume,
    )
    try:
        policy = AccessPolicy(settings.username, settings.password, settings.api_token)
        site = Site(engine, policy, assets=ASSETS, languages=LANGUAGES)
        page = build_page(engine)
        page.queue(default_concurrency_limit=None, api_open=False)
        page._queue.sleep_when_free = QUEUE_SECONDS
        try:
            _, local_url, share_url = page.launch(
                server_name=settings.listen,
                server_port=settings.server_port,
                share=settings.share,
                root_path=settings.root_path or None,
                prevent_thread_lock=True,
                show_error=True,
                max_file_size="1mb",
                **launch_options(settings.theme, settings.language),
                **site.launch_options(),
            )
        except OSError as error:
            raise SettingsError(
                f"Port {settings.server_port} on {settings.listen} cannot be used ({error}); choose another one with "
                "--server-port."
            ) from error
        only.announce(share_url or local_url)
        _announce(settings, local_url, share_url, engine)
        threading.Thread(target=warm_up, args=[site.quiet_for], name="warm-up", daemon=True).start()
        _wait_for_the_end()
        print("Stopping the runs with a checkpoint...", file=sys.stderr)
    finally:
        engine.close()
        gr.close_all()
        only.close()
    return 0


def _require_share_service() -> None:
    """Refuse at once what Gradio would try in silence for half a minute.

    :raises SettingsError: the service that makes share links is not reached
    """
    from gradio.networking import GRADIO_API_SERVER

    host = urlsplit(GRADIO_API_SERVER).hostname or ""
    try:
        socket.create_connection((host, 443), SHARE_PROBE_SECONDS).close()
    except OSError as error:
        raise SettingsError(
            f"--share needs {host}, which is not reached from here ({error}). Without it the page works as ever; "
            "--listen opens it to the local network."
        ) from error


def _announce(settings: Settings, local_url: str, share_url: str | None, engine: Engine) -> None:
    print(f"Palaestra {engine.version} is at {local_url}", flush=True)
    if settings.share:
        if share_url is None:
            print("No share link could be made: the share service was not reached.", file=sys.stderr)
        else:
            print(f"Share link: {share_url}", flush=True)
    if engine.interrupted:
        one = len(engine.interrupted) == 1
        runs = f"{counted(len(engine.interrupted), 'run')} {'was' if one else 'were'}"
        goes_on = f"Monitor offers to resume {'it' if one else 'them'}"
        if settings.auto_resume:
            goes_on = "it goes on by itself" if one else "they go on by themselves"
        print(f"{runs} interrupted when the program last ended; {goes_on}.", file=sys.stderr)
    if settings.inbrowser and not settings.headless:
        webbrowser.open(local_url)


def _wait_for_the_end() -> None:
    ended = threading.Event()

    def end(number: int, _frame: FrameType | None) -> None:
        _log.info("%s", signal.Signals(number).name)
        # Whoever presses Ctrl+C again does not want to wait for checkpoints.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    # A plain wait() would not let Windows deliver Ctrl+C.
    while not ended.wait(0.5):
        pass

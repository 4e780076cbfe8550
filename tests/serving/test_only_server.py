"""One server for one outputs folder."""

import subprocess
import sys

from tests.serving_process import ROOT, Server, free_port


def test_a_second_server_is_told_where_the_first_is_and_a_killed_one_leaves_no_trace(tmp_path):
    first = Server(tmp_path)
    try:
        first.wait_until_up()
        command = [sys.executable, "app.py", "--outputs", str(tmp_path / "outputs"), "--server-port", str(free_port())]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert second.returncode == 2
        assert "Another Palaestra works with the outputs folder" in second.stderr
        assert f"process {first.process.pid}, at {first.url}" in second.stderr
        assert "Traceback" not in second.stderr
    finally:
        first.kill()
    third = Server(tmp_path)
    try:
        third.wait_until_up()
        assert third.api("GET", "/api/health")["status"] == "ok"
    finally:
        third.close()

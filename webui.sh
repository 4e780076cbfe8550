#!/usr/bin/env bash
# Makes .venv on the first start, then runs app.py in it. `./webui.sh --help` lists what it can do;
# `./webui.sh test [pytest args]` installs the developer's tools too and runs every test.
set -euo pipefail
caller=$PWD # paths among the arguments are meant from there
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "Palaestra needs Python 3.10 or newer; none was found. Install one, or set PYTHON to its path." >&2
    return 1
}

# The copy of a requirements file inside .venv is the stamp: equal means installed.
install() {
    local requirements=$1 stamp=".venv/.installed-$1"
    if ! cmp -s "$requirements" "$stamp"; then
        echo "Installing $requirements (once; this takes some minutes)..." >&2
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
        cp "$requirements" "$stamp"
    fi
}

if ! .venv/bin/python -c '' >/dev/null 2>&1; then
    python=$(find_python)
    "$python" -m venv --clear .venv || {
        echo "Making the virtual environment failed. On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    }
fi
install requirements.txt

if [ "${1:-}" = test ]; then
    shift
    install requirements-dev.txt
    .venv/bin/python -m tests.browser.chromium --install
    exec .venv/bin/python -m pytest "$@"
fi
cd "$caller"
exec "$root/.venv/bin/python" "$root/app.py" "$@"

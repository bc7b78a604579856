#!/bin/sh
# Puts what the project needs into .venv. Run again, it does nothing unless a requirement changed.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

fail() {
    echo "setup: $1" >&2
    exit 1
}

# Debian packages by name, where this user may install them; otherwise one line that says what is missing.
package() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing $1 with apt-get"
        { apt-get install -y -q "$1" || { apt-get update -q && apt-get install -y -q "$1"; }; } >/dev/null ||
            fail "apt-get could not install $1: install it by hand"
    else
        fail "$2 is missing: install it, for example with apt-get install $1"
    fi
}

command -v git >/dev/null || package git git
command -v "$python" >/dev/null || package python3 "$python"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: Python 3.11 or newer is needed (name one with make PYTHON=...)"
"$python" -c 'import ensurepip, venv' 2>/dev/null || package python3-venv "Python's venv module"

wanted=$(cat requirements.txt requirements-dev.txt constraints.txt pyproject.toml | cksum)
if [ -x .venv/bin/python ] && [ "$(cat .venv/berth-setup 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi
echo "setup: installing Python packages into .venv (the first time, about two minutes)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
# Not compiled ahead: most modules of the cloud providers are never imported.
.venv/bin/python -m pip install --disable-pip-version-check --no-compile -r requirements-dev.txt
.venv/bin/python -m pip install --disable-pip-version-check --no-compile --quiet --no-deps --editable .
echo "$wanted" >.venv/berth-setup

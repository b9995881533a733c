#!/bin/sh
# Make .venv ready: `make` calls this before everything else.
#
# Finished environments carry a stamp (this folder, lock, metadata). A matching stamp and an
# interpreter that starts: nothing to do. An older stamp: install what changed. No stamp
# (interrupted half-way) or a dead interpreter: build it anew, because a package that was
# half-written can look installed.
set -eu

cd "$(dirname "$0")/.."
VENV=.venv
STAMP=$VENV/.condorwatch-stamp
PYTHON=$VENV/bin/python

say() { echo "setup: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

fingerprint() {
    pwd
    cksum requirements.lock setup.cfg pyproject.toml
}

works() {
    [ -x "$PYTHON" ] && "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The commands' names can exist without a Python behind them (version managers), so each is run.
find_python() {
    for name in ${PYTHON_FOR_VENV:-python3.13 python3.12 python3.11 python3 python}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

create_with_uv() {
    uv venv --quiet --clear --python "$(find_python || echo '>=3.11')" "$VENV"
}

create_with_venv() {
    base=$(find_python) || fail "no Python 3.11 or later found (looked for python3.13, python3.12," \
        "python3.11, python3, python): install one, or uv, and run make again"
    "$base" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail "$base cannot make virtual" \
        "environments: on Debian and Ubuntu install python3-venv, then run make again"
    "$base" -m venv --clear "$VENV"
}

install_packages() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python "$PYTHON" -r requirements.lock &&
            uv pip install --quiet --python "$PYTHON" --no-deps -e .
    else
        "$PYTHON" -m pip install --quiet --disable-pip-version-check -r requirements.lock &&
            "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps -e .
    fi
}

build() {
    say "building $VENV (a minute or two, once)"
    rm -rf "$VENV"
    if command -v uv >/dev/null 2>&1; then create_with_uv; else create_with_venv; fi
    install_packages || fail "the packages of requirements.lock could not be installed;" \
        "the lines above say why (network?); then run make again"
}

wanted=$(fingerprint)
if [ -f "$STAMP" ] && works; then
    [ "$(cat "$STAMP")" = "$wanted" ] && exit 0
    same_folder=$(head -n 1 "$STAMP")
    rm -f "$STAMP"
    if [ "$same_folder" = "$(pwd)" ]; then
        say "requirements changed: updating $VENV"
        install_packages || build
    else
        build
    fi
else
    build
fi
printf '%s\n' "$wanted" >"$STAMP"

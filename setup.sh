#!/bin/sh
# Makes .venv with the service, its local Google (gmail_sandbox), its lab (gmail_ingest_lab) and the
# dependencies of all three, each pinned by hash.
#   sh setup.sh         what runs the service
#   sh setup.sh test    and what its tests need
# Needs Python 3.11 or newer as python3 (or named by PYTHON); installs nothing outside .venv.
set -eu
cd "$(dirname "$0")"

case "${1:-}" in
    "") lock=requirements.lock ;;
    test) lock=requirements-test.lock ;;
    *) echo "usage: sh setup.sh [test]" >&2; exit 2 ;;
esac

python=
for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed: install it, or name it: PYTHON=/path/to/python3 sh setup.sh" >&2
    exit 1
fi

pip=.venv/bin/pip
if [ ! -x .venv/bin/python ]; then
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv .venv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        # Debian's python3 without python3-venv, but with python3-pip.
        "$python" -m venv --without-pip .venv
    else
        echo "this Python has no ensurepip: install its venv package (Debian, Ubuntu: apt-get install python3-venv)" >&2
        exit 1
    fi
fi
[ -x "$pip" ] || pip="$python -m pip --python .venv/bin/python"

# Unquoted: pip may be a command with arguments.
# The lock is complete, so pip shall resolve nothing (--no-deps): what it would resolve anew, it may
# find in a newer version than the lock pins, and refuse.
$pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r "$lock"
# pip would compile one file after the other; 24 s of CPU here. What is no Python for this version
# (templates) stays as it is.
.venv/bin/python -m compileall -qq -j 0 .venv/lib || true
# setuptools is in the lock, so nothing unpinned is fetched to build the three distributions.
$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./gmail_sandbox -e ./gmail_ingest_lab

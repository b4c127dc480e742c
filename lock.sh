#!/bin/sh
# Renews both locks from the pyproject.toml of the service, the sandbox and the lab: pinned versions
# and hashes for every system and every Python from 3.11 on, without addresses. Needs uv (pip install
# uv); `sh lock.sh --upgrade` also takes newer versions.
set -eu
cd "$(dirname "$0")"
uv=uv
[ -x .venv/bin/uv ] && uv=.venv/bin/uv

lock() { # OUTPUT OPTIONS...
    output=$1
    shift
    # setuptools builds the project itself, so that it must be pinned like everything else. The lab
    # needs the service and the sandbox, which are in this checkout, so that no lock names them.
    echo 'setuptools>=80' | "$uv" pip compile --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-annotate --no-header --strip-extras \
        --no-emit-package gmail-ingest --no-emit-package gmail-sandbox \
        --output-file "$output" "$@" \
        pyproject.toml gmail_sandbox/pyproject.toml gmail_ingest_lab/pyproject.toml -
}

lock requirements.lock "$@"
lock requirements-test.lock --extra test --constraint requirements.lock

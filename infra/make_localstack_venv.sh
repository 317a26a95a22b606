#!/bin/sh
# Creates LocalStack's own environment with Python 3.13: LocalStack does not run on 3.12, and no versions suit 3.14.
set -eu

venv=$1
uv=$2

# A name on the PATH is not enough: version managers leave shims that only print an error.
find_python() {
    for python in "$@"; do
        if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
}

if [ -n "${LOCALSTACK_PYTHON:-}" ]; then
    python=$(find_python "$LOCALSTACK_PYTHON")
else
    installed_by_uv=$("$uv" python find --no-python-downloads --no-project 3.13 2>/dev/null || true)
    python=$(find_python python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python "$installed_by_uv")
fi
if [ -z "$python" ]; then
    cat >&2 <<MESSAGE
LocalStack needs Python 3.13, which ${LOCALSTACK_PYTHON:-this machine} does not have. The project keeps its own Python.
One of these adds it:
  $uv python install 3.13
  pyenv install 3.13
  make test-localstack LOCALSTACK_PYTHON=/path/to/python3.13
MESSAGE
    [ "${CI:-}" != true ]
    exit
fi

echo "Installing LocalStack into $venv with $("$python" --version)"
"$uv" venv --quiet --clear --python "$python" "$venv"
"$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements/localstack.txt
touch "$venv/.matches-lock"

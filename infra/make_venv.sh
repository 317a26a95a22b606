#!/bin/sh
# Creates a virtual environment with the newest suitable Python, or reports what is missing.
set -eu

venv=$1
if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exit 0
fi

# A name on the PATH is not enough: version managers leave shims that only print an error.
for python in python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            echo "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2
            exit 1
        fi
        echo "Creating $venv with $("$python" --version)"
        exec "$python" -m venv --clear "$venv"
    fi
done
echo "Python 3.11 or newer is needed, and none of python3.13, python3.12, python3.11, python3 is." >&2
exit 1

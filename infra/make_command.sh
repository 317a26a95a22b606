#!/bin/sh
# Writes the command `stride` of this checkout into its virtual environment, where it can be started from any folder.
# No wheel is built and nothing is fetched: everything installed comes from the lock file, with its hash.
set -eu

quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

venv=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
# -P: a file named like one of our modules in the folder of whoever starts it is not ours.
cat >"$venv/bin/stride.new" <<END
#!/bin/sh
# Made by infra/make_command.sh.
exec $(quoted "$venv/bin/python") -P -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from ops.__main__ import main
main()' $(quoted "$root") "\$@"
END
chmod +x "$venv/bin/stride.new"
mv "$venv/bin/stride.new" "$venv/bin/stride"

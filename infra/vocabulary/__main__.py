"""Checks the words of the whole tree: `python -m infra.vocabulary`; exits with 1 where one is not of the glossary."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.vocabulary.javascript_names import find_javascript_uses
from infra.vocabulary.python_names import find_python_uses
from infra.vocabulary.rules import Use, read_vocabulary

ROOT = Path(__file__).parents[2]
WORDS = Path(__file__).parent / "words.toml"

EPILOG = """\
examples:
  python -m infra.vocabulary                     the whole tree
  python -m infra.vocabulary workers/booking     one folder
  python -m infra.vocabulary --count             how often each word is used

The words, their replacements and the exceptions stand in infra/vocabulary/words.toml.
"""


def find_uses(root: Path, folders: list[str]) -> Iterator[Use]:
    """Yield every use of a word in the files that git tracks below some folders, or in all of them."""
    for path in _list_tracked_files(root, folders):
        file = root / path
        if not file.exists():
            continue
        if file.suffix in {".py", ".js", ".mjs"} and file.stem not in {"__init__", "__main__"}:
            yield Use("file", file.stem, path, 1)
        match file.suffix:
            case ".py":
                yield from find_python_uses(file.read_text(encoding="utf-8"), path)
            case ".js" | ".mjs":
                yield from find_javascript_uses(file.read_bytes(), path)
            case ".md":
                yield from _find_prose_uses(file.read_text(encoding="utf-8"), path)


def _list_tracked_files(root: Path, folders: list[str]) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    found = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(set(filter(None, found.split("\0"))))


def _find_prose_uses(text: str, path: str) -> Iterator[Use]:
    for number, line in enumerate(text.splitlines(), start=1):
        yield Use("prose", line, path, number)


def main() -> int:
    """Run the check; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.vocabulary",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="*", help="only what is below these; the whole tree by default")
    parser.add_argument("--count", action="store_true", help="count the findings of each word")
    arguments = parser.parse_args()
    vocabulary = read_vocabulary(WORDS)
    findings = list(vocabulary.find_violations(find_uses(ROOT, arguments.folders)))
    if arguments.count:
        counts: dict[str, int] = {}
        for finding in findings:
            counts[finding.word] = counts.get(finding.word, 0) + 1
        for word, count in sorted(counts.items(), key=lambda pair: -pair[1]):
            print(f"{count:5} {word}")
    else:
        for finding in findings:
            print(finding)
    unused = [] if arguments.folders else vocabulary.list_unused_exemptions()
    for exemption in unused:
        print(f"{WORDS.name}: nothing needs the exception for {exemption.word!r} ({exemption.reason})")
    if findings or unused:
        print(f"{len(findings)} uses of words that are not of the glossary (docs/glossary.md).", file=sys.stderr)
        return 1
    print("Every name and sentence uses the words of the glossary.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

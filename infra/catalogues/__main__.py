"""The catalogues of texts on the command line: `python -m infra.catalogues --help`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from babel import UnknownLocaleError

from infra.catalogues.checks import find_problems
from infra.catalogues.compiling import compile_parts
from infra.catalogues.parts import ROOT, Part, list_parts
from infra.catalogues.po_file import BrokenCatalogueError
from infra.catalogues.pseudo import PSEUDO, write_pseudo_catalogues
from infra.catalogues.updating import start_language, update_parts
from shared.languages.tags import normalize_tag

EPILOG = f"""\
examples:
  python -m infra.catalogues compile             write what Python and the widget read
  python -m infra.catalogues check               say what is missing, and fail if anything is
  python -m infra.catalogues update              take new and changed English texts over into the other languages
  python -m infra.catalogues start uk            start a language: texts to translate, in every part
  python -m infra.catalogues pseudo build/extra  write the pseudo-language {PSEUDO}; EXTRA_LOCALES=build/extra shows it
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.catalogues",
        description="Compile, check and update the catalogues of texts. docs/languages.md explains them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("compile")
    commands.add_parser("check")
    commands.add_parser("update")
    commands.add_parser("start").add_argument("language", help="a tag such as uk or pt-BR")
    commands.add_parser("pseudo").add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    all_parts = list_parts()
    try:
        match options.command:
            case "compile":
                _print_files("compiled", compile_parts(all_parts))
            case "check":
                return _report_problems(all_parts)
            case "update":
                _print_files("updated", update_parts(all_parts))
            case "start":
                return _start_language(all_parts, options.language)
            case "pseudo":
                write_pseudo_catalogues(all_parts, options.folder)
    except BrokenCatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _report_problems(all_parts: Sequence[Part]) -> int:
    found = find_problems(all_parts)
    for problem in found:
        print(problem.removeprefix(f"{ROOT}/"))
    return 1 if found else 0


def _start_language(all_parts: Sequence[Part], language: str) -> int:
    try:
        files = start_language(all_parts, normalize_tag(language))
    except UnknownLocaleError:
        print(f"Nothing is known of the dates and plural forms of {language!r}: Babel has no such locale.")
        return 1
    except (ValueError, FileExistsError) as error:
        print(error)
        return 1
    _print_files("started", files)
    print("Translate the texts in these files, then run `make check-catalogues`. docs/languages.md says more.")
    return 0


def _print_files(what: str, files: Sequence[Path]) -> None:
    for path in files:
        print(f"{what} {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())

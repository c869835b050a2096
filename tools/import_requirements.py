#!/usr/bin/python3
"""Writes spec/requirements.tsv from our reading of the security of oneM2M.

usage: import_requirements.py path/to/security.md

A requirement is a table row `| SEC-ABC-01 | sentence |`; it belongs to the numbered heading
above it. Run it when that document changes, and commit the result.
"""

import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "spec" / "requirements.tsv"
_HEADING = re.compile(r"^#+\s+(\d+(?:\.\d+)*)\.?\s+(.*)$")
_ROW = re.compile(r"^\|\s*(SEC-[A-Z0-9]+-\d+)\s*\|(.*)\|\s*$")


def cells(text):
    """Cells of a table row; a bar inside backquotes or after a backslash is no border."""
    parts = re.split(r"(?<!\\)\|(?=(?:[^`]*`[^`]*`)*[^`]*$)", text)
    return [re.sub(r"\s+", " ", p.replace("\\|", "|")).strip() for p in parts]


def requirements(text):
    """Rows (id, section, title of the section, sentence)."""
    section = title = ""
    top = ""
    for line in text.split("\n"):
        heading = _HEADING.match(line)
        row = _ROW.match(line)
        if heading:
            section, title = heading[1], heading[2].strip()
            if "." not in section:
                top = title
        elif row:
            # headings such as "Checklist" say little: the chapter's title does
            yield row[1], section, top or title, " ".join(cells(row[2]))


def main(argv):
    if len(argv) != 1:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    rows = list(requirements(Path(argv[0]).read_text(encoding="utf-8")))
    names = [row[0] for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice or not rows:
        print(f"{argv[0]}: {'twice: ' + ' '.join(sorted(twice)) if twice else 'no rows'}",
              file=sys.stderr)
        return 1
    lines = ["\t".join(row) for row in [("id", "section", "chapter", "requirement"), *rows]]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} requirements")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

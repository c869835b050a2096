#!/usr/bin/python3
"""Links static libraries into an archive of two objects: code that its exported functions need, and generated tables.

    one_object.py OUT.a IN.a...

For the constrained build of the client library: sections that nothing exported leads to are left out, and the names
that stay visible are those of include/merlon/ and of the tables. The archives are thin, as Meson makes them.
"""

import shutil
import subprocess
import sys
from pathlib import Path


def members(archive):
    """Paths of the objects of a thin archive."""
    listed = subprocess.run(["ar", "t", archive], capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.splitlines()]


def main(argv):
    out, objects = Path(argv[0]), [o for archive in argv[1:] for o in members(archive)]
    tables = [o for o in objects if "model_gen" in o.name]
    code = out.with_suffix(".o")
    kept = out.with_name("tables.o")
    subprocess.run(["ld", "-r", "--gc-sections", "--gc-keep-exported", "-o", code,
                    *(o for o in objects if o not in tables)], check=True)
    subprocess.run(["objcopy", "--localize-hidden", code], check=True)
    shutil.copy(tables[0], kept)
    out.unlink(missing_ok=True)
    subprocess.run(["ar", "rcsD", out, code, kept], check=True)
    code.unlink()
    kept.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])

"""The constrained build of the client library: how large it is, what it shows, and that a program can use it.

spec: issue 5: own code under 250 KB; docs/guide/client.md
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OPTIONS = ["-Dclient_only=true", "-Dxml=false", "-Desdata_xml=false", "-Dbuildtype=minsize"]
CODE = 250_000  # bytes of instructions
CONSTANTS = 60_000  # beside them: texts, small tables, data
TABLES = 250_000  # resource types, attributes and data types of the standard, generated from spec/

PROGRAM = """
#include <merlon/merlon.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    struct merlon_error error;
    struct merlon_client *client = merlon_client_new("http://127.0.0.1:9", &error);
    struct merlon_protection how;
    memset(&how, 0, sizeof how);
    how.key_id = "k1@home.example";
    how.key_file = "/nowhere/key";
    if (merlon_client_new_protected(client, "cse-in", &how, &error) || merlon_type_find("container") == NULL) {
        return 1;
    }
    puts(error.text);
    merlon_client_free(client);
    return 0;
}
"""


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the build, and that of an installation."""
    folder = tmp_path_factory.mktemp("constrained")
    run("meson", "setup", folder / "build", *OPTIONS, "--prefix", "/usr", cwd=ROOT)
    run("ninja", "-C", folder / "build", "src/client/libmerlon.a")
    run("meson", "install", "-C", folder / "build", "--no-rebuild", "--destdir", folder / "installed")
    return folder / "build", folder / "installed"


def archive(built):
    (found,) = built[1].rglob("libmerlon.a")
    return found


def declared():
    texts = [re.sub(r"/\*.*?\*/|^#.*?$", "", header.read_text(), flags=re.S | re.M)
             for header in (ROOT / "include/merlon").iterdir()]
    return {re.search(r"\b(merlon_\w+)\s*\(", d)[1] for text in texts for d in re.findall(r"MERLON_API\s[^;]*;", text)}


def test_its_own_code_is_small(built):
    rows = [line.split() for line in run("size", archive(built)).splitlines()[1:]]
    sizes = {row[5]: int(row[0]) + int(row[1]) for row in rows}
    lines = run("size", "-A", archive(built)).partition("tables.o")[0].splitlines()
    code = sum(int(line.split()[1]) for line in lines if line.startswith(".text"))
    print(code, sizes)
    assert set(sizes) == {"libmerlon.o", "tables.o"}
    assert 100_000 < code < CODE
    assert 0 < sizes["libmerlon.o"] - code < CONSTANTS and 0 < sizes["tables.o"] < TABLES


def test_it_shows_its_face_and_nothing_else(built):
    lines = run("nm", "-g", "--defined-only", archive(built)).splitlines()
    shown = {line.split()[-1] for line in lines if len(line.split()) == 3}
    assert {name for name in shown if not name.startswith("mln_model_gen_")} == declared()


def test_it_needs_no_xml_and_nothing_of_a_server(built):
    wanted = {line.split()[-1] for line in run("nm", "-u", archive(built)).splitlines() if line.startswith(" ")}
    assert wanted
    assert not [name for name in wanted if re.match(r"xml|mdb_|seccomp_|coap_", name)]


@pytest.mark.parametrize("compiler, ending", [("cc", "c"), ("c++", "cc")])
def test_its_pkg_config_file_is_enough_to_use_it(built, tmp_path, compiler, ending):
    (pc,) = built[1].rglob("merlon.pc")
    env = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(built[1])}
    flags = run("pkg-config", "--cflags", "--libs", "merlon", env=env).split()
    source = tmp_path / f"program.{ending}"
    source.write_text(PROGRAM)
    run(compiler, "-Wall", "-Wextra", "-pedantic", "-Werror", source, *flags, "-o", tmp_path / "program")
    assert run(tmp_path / "program").startswith("/nowhere/key")

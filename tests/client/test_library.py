"""The client library from outside: what it shows, who can use it, and the example."""

import re
import shutil
import subprocess

import pytest
from lib.program import INCLUDE, compile_with_library, is_sanitized, library


def declared():
    names = set()
    for header in (INCLUDE / "merlon").iterdir():
        text = re.sub(r"/\*.*?\*/|^#.*?$", "", header.read_text(), flags=re.S | re.M)
        for declaration in re.findall(r"MERLON_API\s[^;]*;", text):
            names.add(re.search(r"\b(merlon_\w+)\s*\(", declaration)[1])
    return names


def exported(file):
    done = subprocess.run(["nm", "-D", "--defined-only", file], capture_output=True, text=True,
                          check=True)
    return {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}


def test_the_library_shows_its_face_and_nothing_else():
    shared = library() / "libmerlon.so"
    shown = {name for name in exported(shared)
             if not re.match(r"_?_(a|l|t|ub)san|_(init|fini|edata|end|_bss_start)$|__sanitizer|"
                             r"__(odr_)?asan|__start_|__stop_", name)}
    assert shown == declared()
    done = subprocess.run(["readelf", "-d", shared], capture_output=True, text=True, check=True)
    assert re.search(r"SONAME.*\[libmerlon\.so\.0\]", done.stdout)


def test_every_function_is_documented():
    for header in (INCLUDE / "merlon").iterdir():
        text = header.read_text()
        for match in re.finditer(r"^MERLON_API", text, re.M):
            before = text[:match.start()].rstrip()
            # a comment, or a declaration that shares one
            assert before.endswith(("*/", ";")), f"{header.name}: {text[match.start():][:80]}"


PROGRAM = """
#include <merlon/merlon.h>
#include <stdio.h>
int main(void)
{
    struct merlon_error error;
    struct merlon_content *content = merlon_content_new("contaner", &error);
    merlon_content_free(content);
    puts(error.text);
    content = merlon_content_new("container", &error);
    if (merlon_content_set(content, "mni", "3", &error) != MERLON_OK) {
        return 1;
    }
    char *text = merlon_content_write(content);
    puts(text);
    merlon_free(text);
    merlon_content_free(content);
    return 0;
}
"""
SAID = 'no resource type \'contaner\', did you mean container?\n{"m2m:cnt":{"mni":3}}\n'
COMPILERS = [("cc", ["-std=c99"], "c"), ("cc", ["-std=c11", "-Wc++-compat"], "c"),
             ("c++", ["-std=c++11"], "cc"), ("c++", ["-std=c++17"], "cc")]


@pytest.mark.parametrize("compiler, options, ending", COMPILERS)
def test_programs_in_c_and_in_cpp_use_it(tmp_path, compiler, options, ending):
    if compiler == "c++" and not shutil.which("c++"):
        # gcc without its C++ half: what C++ refuses, -Wc++-compat knows
        compiler, options, ending = "cc", ["-std=c99", "-Wc++-compat"], "c"
    source = tmp_path / f"program.{ending}"
    source.write_text(PROGRAM)
    compile_with_library(compiler, options, source, tmp_path / "program")
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")


def test_headers_stand_alone(tmp_path):
    for header in sorted((INCLUDE / "merlon").iterdir()):
        source = tmp_path / "one.c"
        source.write_text(f"#include <merlon/{header.name}>\nint x;\n")
        subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                        f"-I{INCLUDE}", "-fsyntax-only", source], check=True, timeout=60)


def test_the_guide_names_what_the_static_library_needs(tmp_path):
    guide = (INCLUDE.parent / "docs/guide/client.md").read_text()
    flags = re.findall(r"\s(-l\S+)", re.search(r"^cc program\.c .*libmerlon\.a[^`]*", guide, re.M)[0])
    source = tmp_path / "program.c"
    functions = ", ".join(f"(void (*)(void)){name}" for name in sorted(declared()))
    source.write_text(f"#include <merlon/merlon.h>\nvoid (*all[])(void) = {{ {functions} }};\n"
                      "int main(void) { return all[0] == 0; }\n")
    sanitizers = ["-fsanitize=address,undefined"] if is_sanitized(library()) else []
    subprocess.run(["cc", *sanitizers, f"-I{INCLUDE}", source, library() / "libmerlon.a", *flags, "-o",
                    tmp_path / "program"], check=True, timeout=120)
    subprocess.run([tmp_path / "program"], check=True, timeout=60)


def test_installed_files_are_enough(tmp_path):
    """The static library, the pkg-config file and the headers, as a package has them."""
    done = subprocess.run(["meson", "install", "-C", library().parent.parent, "--no-rebuild", "--destdir",
                           tmp_path], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (pc,) = tmp_path.rglob("merlon.pc")
    (header,) = tmp_path.rglob("merlon/merlon.h")
    (archive,) = tmp_path.rglob("libmerlon.a")
    assert list(tmp_path.rglob("libmerlon.so.0"))
    assert list(tmp_path.rglob("man1/merlon.1")) and list(tmp_path.rglob("merlon-watch.1"))
    assert "Libs: -L${libdir} -lmerlon" in pc.read_text()
    private = re.search(r"Requires.private: (.*)", pc.read_text())[1]
    names = [word for word in re.split(r"[,\s]+", private) if re.match(r"lib", word)]
    flags = subprocess.run(["pkg-config", "--libs", *names], capture_output=True, text=True,
                           check=True).stdout.split()
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    sanitizers = ["-fsanitize=address,undefined"] if is_sanitized(library()) else []
    subprocess.run(["cc", *sanitizers, f"-I{header.parent.parent}", source, archive, *flags,
                    "-lpthread", "-lm", "-o", tmp_path / "program"], check=True, timeout=120)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, SAID)
    source.write_text('''
#include <merlon/merlon.h>
int main(void)
{
    struct merlon_client *client = merlon_client_new("https://localhost", NULL);
    struct merlon_credential none = { .anchor_file = "/nowhere" };

    return merlon_client_set_credentials(client, &none, 1, NULL) != MERLON_INVALID ||
           merlon_receiver_new_secured(client, "127.0.0.1:0", &none, NULL, NULL, NULL);
}
''')
    subprocess.run(["cc", *sanitizers, f"-I{header.parent.parent}", source, archive, *flags,
                    "-lpthread", "-o", tmp_path / "secured"], check=True, timeout=120)
    assert subprocess.run([tmp_path / "secured"], env={"ASAN_OPTIONS": "detect_leaks=0"}, check=False).returncode == 0


def test_the_example_runs(cse, admin):
    done = subprocess.run([library() / "first_steps", cse.url, "cse-in"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == \
        (0, "latest: 22.5\nreadings: 3\ncleaned up\n", "")
    assert admin.retrieve("cse-in/first-steps").rsc == 4004


def test_the_example_tells_what_is_wrong(cse):
    program = library() / "first_steps"
    for words, why in [(["nonsense"], "client: 'nonsense' is no URL of a CSE"),
                       ([cse.url, "nothing"], "registering: 4004 NOT_FOUND: ")]:
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False,
                              timeout=60)
        assert done.returncode == 1 and done.stderr.startswith(why), done.stderr

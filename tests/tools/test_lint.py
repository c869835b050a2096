"""Each rule of tools/lint.py is shown to fire and to stay silent, on small trees."""

import subprocess

import lint
import pytest

LAYERS = """\
# folder: may include
base:
model: base
cse: base model store/store.h
store: base
client: base bind/*/*_wire.h
bind: base
*_test.c: model
<lmdb.h>: src/store
"""
# `src/store` is spelled below src/: see the rule `libraries`
LAYERS = LAYERS.replace("src/store", "store")


@pytest.fixture
def findings(tmp_path):
    """findings(rule, {path: text}) -> ["path:line"] of that rule."""

    def look(rule, files, modes=()):
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
        for path in modes:
            (tmp_path / path).chmod(0o755)
        return [f"{f.path}:{f.line}" for f in lint.check(tmp_path, [rule])]

    return look


def c(body):
    return "/* What it is for. */\n" + body + "\n"


# rule, files, where it fires. Each group: what is wrong, then what is right and near it.
CASES = [
    ("layers", {"src/model/a.c": c('#include "cse/x.h"')}, ["src/model/a.c:2"]),
    ("layers", {"src/model/a.c": c('#include "a.h"')}, ["src/model/a.c:2"]),
    ("layers", {"src/model/a.c": c('#include "../base/a.h"')}, ["src/model/a.c:2"]),
    ("layers", {"src/odd/a.c": c("")}, ["src/odd/a.c:1"]),
    ("layers", {"src/model/a.c": c('#include "base/x.h"\n#include "model/b.h"\n'
                                   "#include <stdio.h>\n/* #include \"cse/x.h\" */")}, []),
    ("layers", {"src/cse/a.c": c('#include "store/admin.h"')}, ["src/cse/a.c:2"]),
    ("layers", {"src/cse/deep/a.c": c('#include "store/store.h"')}, []),
    ("layers", {"src/client/a.c": c('#include "bind/http/http.h"')}, ["src/client/a.c:2"]),
    ("layers", {"src/client/a.c": c('#include "bind/http/http_wire.h"')}, []),
    ("layers", {"src/base/a_test.c": c('#include "model/x.h"')}, []),
    ("layers", {"src/base/a_test.c": c('#include "cse/x.h"')}, ["src/base/a_test.c:2"]),

    ("libraries", {"src/cse/a.c": c("#include <lmdb.h>")}, ["src/cse/a.c:2"]),
    ("libraries", {"src/store/lmdb/a.c": c("#include <lmdb.h>\n#include <stdio.h>")}, []),

    ("internal-header", {"src/cse/a.c": c('#include "store/lmdb/lmdb_int.h"')},
     ["src/cse/a.c:2"]),
    ("internal-header", {"src/store/a.c": c('#include "store/lmdb/lmdb_int.h"')},
     ["src/store/a.c:2"]),
    ("internal-header", {"src/cse/pipeline/a.c": c('#include "cse/cse_int.h"'),
                         "src/cse/b.c": c('#include "cse/cse_int.h"')}, []),

    ("banned-call", {"src/base/a.c": c("int f(void)\n{\n    return atoi(x);\n}")},
     ["src/base/a.c:4"]),
    ("banned-call", {"src/base/a.h": c("#define COPY(a, b) strcpy(a, b)")}, ["src/base/a.h:2"]),
    ("banned-call", {"tests/store/a.c": c("int f(void)\n{\n    return sprintf(a, b);\n}")},
     ["tests/store/a.c:4"]),
    ("banned-call", {"src/base/a.c": c("int f(void)\n{\n    return system(x);\n}")},
     ["src/base/a.c:4"]),
    ("banned-call", {"src/base/a_test.c": c("int f(void)\n{\n    return usleep(1);\n}")},
     ["src/base/a_test.c:4"]),
    ("banned-call", {"tests/api/a.c": c("int f(void)\n{\n    return system(x);\n}"),
                     "src/base/a.c": c('/* strcpy(a, b) */\nint f(void)\n{\n    my_strcpy(a);\n'
                                       '    o->gets(1);\n    return puts("atoi(1)");\n}')}, []),

    ("heap", {"src/model/a.c": c("int f(void)\n{\n    free(x);\n}")}, ["src/model/a.c:4"]),
    ("heap", {"src/base/mem.c": c("int f(void)\n{\n    free(x);\n}"),
              "src/model/a.c": c("int f(void)\n{\n    o->free(x);\n    mln_free(x);\n}"),
              "tests/store/a.c": c("int f(void)\n{\n    free(x);\n}")}, []),

    ("constant-time", {"src/cse/access/a.c": c("int f(void)\n{\n    return memcmp(a, b, 3);\n}")},
     ["src/cse/access/a.c:4"]),
    ("constant-time", {"src/cse/a.c": c("int f(void)\n{\n    return memcmp(a, b, 3);\n}"),
                       "src/crypto/a_test.c": c("int f(void)\n{\n    memcmp(a, b, 3);\n}")}, []),

    ("environment", {"src/base/log.c": c("int f(void)\n{\n    clock_gettime(a, b);\n}")},
     ["src/base/log.c:4"]),
    ("environment", {"src/server/a.c": c('int f(void)\n{\n    getenv("HOME");\n}')},
     ["src/server/a.c:4"]),
    ("environment", {"src/base/env.c": c("int f(void)\n{\n    clock_gettime(a, b);\n}"),
                     "src/cli/a.c": c('int f(void)\n{\n    getenv("HOME");\n}'),
                     "src/cse/b.c": c("int f(void)\n{\n    return o->time(x) + at.time(1);\n}")},
     []),

    ("sql-parts", {"src/store/a.c": c('int f(void)\n{\n    snprintf(b, 9, "SELECT %s", c);\n}')},
     ["src/store/a.c:4"]),
    ("sql-parts", {"src/store/a.c": c('const char *q = "SELECT a FROM b WHERE c = $1";'),
                   "src/store/b.c": c('int f(void)\n{\n    snprintf(b, 9, "selected %d", c);\n}')},
     []),

    ("naming", {"src/base/a.c": c("static int mln_f(void)\n{\n}")}, ["src/base/a.c:2"]),
    ("naming", {"src/base/a.c": c("int f(void)\n{\n}")}, ["src/base/a.c:2"]),
    ("naming", {"src/base/a.c": c("static int f(void)\n{\n}\nint mln_g(char a[static 3])\n{\n}\n"
                                  "struct s { int x; };\nint main(void)\n{\n}")}, []),

    ("naming", {"src/client/a.c": c("int merlon_f(void)\n{\n}"),
                "src/base/b.c": c("int merlon_g(void)\n{\n}")}, ["src/base/b.c:2"]),

    ("single-use", {"src/base/a.c": c("int mln_f(void)\n{\n    return 1;\n}"),
                    "src/base/a.h": c("int mln_f(void);"),
                    "src/base/a_test.c": c("int g(void)\n{\n    return mln_f();\n}")},
     ["src/base/a.c:2"]),
    ("single-use", {"src/base/a.c": c("int mln_f(void)\n{\n}"),
                    "src/base/b.c": c("static int g(void)\n{\n    return mln_f();\n}")}, []),
    ("single-use", {"src/base/a.c": c("int mln_f(void)\n{\n}"),
                    "src/base/b.h": c("static inline int g(void)\n{\n    return mln_f();\n}")}, []),
    ("single-use", {"src/base/a.c": c("int mln_f(void)\n{\n}"),
                    "src/base/b.h": c("#define G() mln_f()")}, []),
    ("single-use", {"src/base/a.c": c("int mln_f(void)\n{\n}"),
                    "tools/gen.py": "CALL = 'mln_f()'\n"}, []),
    ("single-use", {"src/client/a.c": c("int mln_f(void)\n{\n}"),
                    "include/merlon/a.h": c("int mln_f(void);")}, []),

    ("nesting", {"src/base/a.c": c("static int f(void)\n{\n    if (a) {\n        while (b) {\n"
                                   "            if (c) {\n                do {\n"
                                   "                } while (d);\n            }\n        }\n"
                                   "    }\n}")}, ["src/base/a.c:7"]),
    ("nesting", {"src/base/a.c": c("static int f(void)\n{\n    if (a) {\n        while (b) {\n"
                                   "            if (c) {\n"
                                   "                x = (struct s){ .a = { 1, { 2 } } };\n"
                                   "                MLN_TRY(g(&(struct t){ 3 }));\n            }\n"
                                   "        }\n    }\n}")}, []),
    ("nesting", {"src/base/a.c": c("static int f(void)\n{\n    EACH(x) {\n        if (a) {\n"
                                   "            if (b) {\n                if (c) {\n"
                                   "                }\n            }\n        }\n    }\n}")},
     ["src/base/a.c:7"]),

    ("header", {"src/base/a.h": c("int x;")}, ["src/base/a.h:1"]),
    ("header", {"src/base/a.h": "#pragma once\n"}, ["src/base/a.h:1"]),
    ("header", {"src/base/a.c": "int x;\n"}, ["src/base/a.c:1"]),
    ("header", {"src/base/a.h": c("#pragma once"), "src/base/a.c": c("int x;")}, []),

    ("citation", {"src/base/a.c": c("/* spec: see the text */")}, ["src/base/a.c:2"]),
    ("citation", {"src/base/a.c": c("/* This is long.\n * spec: 7.4.7.2.1 */")},
     ["src/base/a.c:3"]),
    ("citation", {"src/base/a.c": c("/* spec: TS-0004 7.4.7.2.1: the oldest goes first */\n"
                                    "/* spec: TS-0004 7.4.x.2 */\n/* spec:\n * TS-0001 9.6 */\n"
                                    "/* spec: TS-0004 J.2 */\n/* inspec: x */\n"
                                    "/* spec: RFC9112 7.1 */\n"
                                    "/* spec: TS-0001 table 9.6.8-4 */")}, []),

    ("suppression", {"src/base/a.c": c("int x; // NO" "LINT")}, ["src/base/a.c:2"]),
    ("suppression", {"src/base/a.c": c("#if 0\n#endif")}, ["src/base/a.c:2"]),
    ("suppression", {"src/base/a.c": c("#if 01 + X\n#endif")}, []),

    ("file-length", {"src/base/a.c": c("int x;\n" * 799)}, ["src/base/a.c:801"]),
    ("file-length", {"src/base/a.c": "/* x */\n" * 799, "a.md": "x\n" * 900}, []),

    ("white-space", {"a.md": "one \n"}, ["a.md:1"]),
    ("white-space", {"a.md": "one"}, ["a.md:1"]),
    ("white-space", {"a.md": "one\n\n"}, ["a.md:3"]),
    ("white-space", {"src/base/a.c": "\tint x;\n"}, ["src/base/a.c:1"]),
    ("white-space", {"a.txt": "one\r\n"}, ["a.txt:1"]),
    ("white-space", {"Makefile": "a:\n\tb\n", "a.tsv": "a\t\n", "a.bin": b"\0 \n \n\n",
                     "tests/corpus/x/1": "a "}, []),

    ("columns", {"src/base/a.c": "/*" + "x" * 99 + "\n"}, ["src/base/a.c:1"]),
    ("columns", {"a.py": "#" * 121 + "\n"}, ["a.py:1"]),
    ("columns", {"src/base/a.c": "/*" + "\u00e9" * 98 + "\n", "a.md": "x" * 200 + "\n",
                 "a.py": "#" * 120 + "\n"}, []),

    ("todo", {"src/base/a.c": c("/* TO" "DO: later */")}, ["src/base/a.c:2"]),
    ("todo", {"a.py": "# FIX" "ME\n"}, ["a.py:1"]),
    ("todo", {"src/base/a.c": c("/* TO" "DO(#12): later */\nint todos;")}, []),

    ("machine-path", {"a.md": "in /wo" "rk/main/x\n"}, ["a.md:1"]),
    ("machine-path", {"a.py": "x = '/ho" "me/ann/x'\n"}, ["a.py:1"]),
    ("machine-path", {"a.sh": "cd /tm" "p/build-x\n"}, ["a.sh:1"]),
    ("machine-path", {"a.md": "src/wo" "rk/x, ~/wo" "rk/, //sp/ro" "ot, /ro" "ot-ca.pem\n",
                      "b.md": "/rooted /farming\n"}, []),

    ("links", {"a.md": "see [x](docs/b.md)\n"}, ["a.md:1"]),
    ("links", {"src/base/a.c": c("/* docs/internals/b.md tells */")}, ["src/base/a.c:2"]),
    ("links", {"docs/b.md": "[a](../a.md#top) [w](https://x.y/z) [m](#here) `[t](n.md)`\n"
                            "```\n[c](none.md)\n```\n", "a.md": "[b](docs/b.md) docs/b.md\n"}, []),

    ("names-in-documents", {"a.md": "see `mln_gone`\nand `MLN_GONE`\n"},
     ["a.md:1", "a.md:2"]),
    ("names-in-documents", {"a.md": "`mln_f`, `MLN_X`, `mln_<module>_<verb>`, `mln_slice_*`\n",
                            "src/base/a.h": c("int mln_f(void);\n#define MLN_X 1")}, []),

    ("json-syntax", {"a.json": "{\n \"a\": \n}\n"}, ["a.json:3"]),
    ("json-syntax", {"a.json": '{"a": 1, "a": 2}\n'}, ["a.json:1"]),
    ("json-syntax", {"a.json": '{"a": 1, "b": {"a": 2}}\n', "tests/corpus/j/x.json": "{"}, []),

    ("python", {"tools/a.py": "def f(:\n"}, ["tools/a.py:1"]),
    ("python", {"tools/a.py": "import requests\n"}, ["tools/a.py:1"]),
    ("python", {"tests/api/a.py": "import os\nimport numpy\n"}, ["tests/api/a.py:2"]),
    ("python", {"tests/api/a.py": "import os\nimport requests\nfrom helper import x\n",
                "tests/api/helper.py": "x = 1\n", "tools/b.py": "from json import loads\n",
                "tools/packages.txt": "python3-requests | test | requests | HTTP\n"}, []),

    ("shell", {"a.sh": "#!/bin/sh\nif true; then\n"}, ["a.sh:3"]),
    ("shell", {"run": "#!/usr/bin/env bash\na=(1\n"}, ["run:2"]),
    ("shell", {"a.sh": "#!/bin/sh\ntrue\n", "run": "#!/bin/bash\na=(1 2)\n"}, []),

    ("test-beside", {"src/base/a.c": c("")}, ["src/base/a.c:1"]),
    ("test-beside", {"src/base/a.c": c(""), "src/base/a_test.c": c(""),
                     "tools/covered.txt": "src/base/a.c src/base over HTTP\n"},
     ["tools/covered.txt:1"]),
    ("test-beside", {"tools/covered.txt": "src/base/a.c tests/api by HTTP\n",
                     "tests/api/test_a.py": ""}, ["tools/covered.txt:1"]),
    ("test-beside", {"src/base/a.c": c(""), "tools/covered.txt": "src/base/a.c tests/api x\n"},
     ["tools/covered.txt:1"]),
    ("test-beside", {"src/base/a.c": c(""), "src/base/b.c": c(""), "src/base/b_test.c": c(""),
                     "tests/api/test_a.py": "",
                     "tools/covered.txt": "# rows\nsrc/base/a.c tests/api over HTTP\n"}, []),

    ("corpus", {"src/base/a_fuzz.c": c(""), "tests/corpus/ab/1": "x"}, ["src/base/a_fuzz.c:1"]),
    ("corpus", {"src/base/a_fuzz.c": c(""), "tests/corpus/a/1": "x"}, []),

    ("packages", {"meson.build": "x = dependency('libfoo')\n"}, ["meson.build:1"]),
    ("packages", {"meson.build": "x = dependency('libfoo', required: true)\n"
                                 "t = dependency('threads')\n",
                  "tools/packages.txt": "libfoo-dev | run | libfoo bar | because\n"}, []),
]


@pytest.mark.parametrize("rule, files, expected", CASES,
                         ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_rule(findings, rule, files, expected):
    assert findings(rule, {"tools/layers.txt": LAYERS} | files) == expected


def test_run_bit_fires(findings):
    files = {"a.sh": "#!/bin/sh\n", "b.txt": "text\n", "c.py": "#!/usr/bin/env python3\n"}
    assert findings("run-bit", files, modes=["b.txt", "c.py"]) == ["a.sh:1", "b.txt:1", "c.py:1"]


def test_run_bit_is_silent(findings):
    files = {"a.sh": "#!/bin/sh\n", "b.txt": "text\n", "c.py": "#!/usr/bin/python3\n",
             "d.py": "import os\n"}
    assert findings("run-bit", files, modes=["a.sh", "c.py"]) == []


def test_every_rule_is_tested():
    shown = {case[0] for case in CASES if case[2]} | {"run-bit"}
    silent = {case[0] for case in CASES if not case[2]} | {"run-bit"}
    assert shown == silent == set(lint.RULES)


def test_only_files_of_the_tree_are_read(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("/build/\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a.md").write_text("bad \n")
    (tmp_path / "new.md").write_text("bad \n")
    assert [f.path for f in lint.check(tmp_path, ["white-space"])] == ["new.md"]


def test_exit_status_and_summary(tmp_path, capsys):
    (tmp_path / "a.md").write_text("bad \n")
    summary = tmp_path.parent / "summary.json"
    assert lint.main(["--root", str(tmp_path), "--summary", str(summary)]) == 1
    assert "a.md:1: white-space: trailing white space" in capsys.readouterr().out
    assert '"failed": 1' in summary.read_text()
    (tmp_path / "a.md").write_text("good\n")
    assert lint.main(["--root", str(tmp_path)]) == 0

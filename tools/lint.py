#!/usr/bin/python3
"""The rules of this tree that no compiler knows. Prints `path:line: rule: what is wrong`.

Each rule is a function below, and tests/tools/test_lint.py shows it fire and stay silent. There
is no list of exceptions: the tree has no findings. Tables that are data of a rule:
tools/layers.txt (who may include whom), tools/covered.txt (files whose test is a black-box
suite), tools/packages.txt (what may be depended on).

usage: lint.py [--root DIR] [--rule NAME]... [--list] [--summary FILE]
"""

import argparse
import ast
import fnmatch
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import lint_c

RULES = {}


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def rule(function):
    """Registers a rule; it yields (path, line, text)."""
    RULES[function.__name__.replace("_", "-")] = function
    return function


class Tree:
    """The files that belong to the tree, read at most once each."""

    def __init__(self, root):
        self.root = Path(root)
        self.paths = sorted(self._list())
        self._texts = {}
        self._sources = {}

    def _list(self):
        if (self.root / ".git").exists():
            done = subprocess.run(
                # the tree may belong to somebody else than who checks it
                ["git", "-c", "safe.directory=*", "-C", str(self.root), "ls-files", "-z",
                 "--cached", "--others", "--exclude-standard"],
                check=True, capture_output=True, text=True)
            names = set(done.stdout.split("\0")) - {""}
            return [n for n in names if (self.root / n).is_file()]
        return [str(p.relative_to(self.root)) for p in self.root.rglob("*")
                if p.is_file() and "__pycache__" not in p.parts]

    def text(self, path):
        """None when the file is not text."""
        if path not in self._texts:
            data = (self.root / path).read_bytes()
            try:
                self._texts[path] = None if b"\0" in data else data.decode("utf-8")
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def lines(self, path):
        return list(enumerate((self.text(path) or "").split("\n"), 1))

    def source(self, path):
        if path not in self._sources:
            self._sources[path] = lint_c.Source(self.text(path) or "")
        return self._sources[path]

    def match(self, *patterns):
        """Paths by pattern; `**/` at the start of a pattern means any folder or none."""
        found = []
        for path in self.paths:
            names = [p[3:] for p in patterns if p.startswith("**/") and "/" not in p[3:]]
            if any(fnmatch.fnmatch(path, p) for p in patterns) or any(
                    fnmatch.fnmatch(path.rsplit("/", 1)[-1], n) for n in names):
                found.append(path)
        return found

    def texts(self):
        """Text files, without the inputs of fuzzers, which may be anything."""
        for path in self.paths:
            if not path.startswith("tests/corpus/") or path.endswith((".c", ".h", ".py")):
                if self.text(path) is not None:
                    yield path


def is_test(path):
    return path.startswith("tests/") or path.endswith(("_test.c", "_test.h", "_fuzz.c"))


def c_files(tree):
    return tree.match("src/*.c", "src/*.h", "include/*.h", "tests/*.c", "tests/*.h",
                      "docs/*.c", "examples/*.c")


def product_c(tree):
    return [p for p in c_files(tree) if not is_test(p)]


def table_rows(tree, path):
    """(line, text) of a table: comments and empty lines left out."""
    if path not in tree.paths:
        return
    for number, line in tree.lines(path):
        line = line.split("#", 1)[0].strip() if not line.startswith("<") else line.strip()
        if line:
            yield number, line


# ---- who may include whom ----


def read_layers(tree):
    """({folder: allowed}, {library pattern: folders}, extra for tests)"""
    layers, libraries, tests = {}, {}, []
    for _, row in table_rows(tree, "tools/layers.txt"):
        name, _, allowed = row.partition(":")
        name = name.strip()
        if name.startswith("<"):
            libraries[name.strip("<>")] = allowed.split()
        elif name == "*_test.c":
            tests = allowed.split()
        else:
            layers[name] = allowed.split()
    return layers, libraries, tests


def may_include(header, allowed):
    for entry in allowed:
        if "/" not in entry and header.split("/", 1)[0] == entry:
            return True
        if fnmatch.fnmatch(header, entry):
            return True
    return False


@rule
def layers(tree):
    """A folder of src/ includes only what tools/layers.txt allows it."""
    table, _, for_tests = read_layers(tree)
    for path in tree.match("src/*.c", "src/*.h"):
        folder = path.split("/")[1]
        if folder not in table:
            yield path, 1, f"folder {folder} has no row in tools/layers.txt"
            continue
        allowed = [folder] + table[folder] + (for_tests if is_test(path) else [])
        for include in tree.source(path).includes:
            if include.is_system:
                continue
            if "/" not in include.path or include.path.startswith("."):
                yield path, include.line, f'write "{include.path}" from src/, with its folder'
            elif not may_include(include.path, allowed):
                yield path, include.line, f'{folder} may not include "{include.path}"'


@rule
def libraries(tree):
    """A library with a row in tools/layers.txt is included only from the folders named there."""
    _, table, _ = read_layers(tree)
    for path in tree.match("src/*.c", "src/*.h", "include/*.h"):
        folder = path.split("/", 1)[1]
        for include in tree.source(path).includes:
            for pattern, allowed in table.items():
                if include.is_system and fnmatch.fnmatch(include.path, pattern):
                    if not any(folder.startswith(a + "/") for a in allowed):
                        yield (path, include.line,
                               f"<{include.path}> belongs to {', '.join(allowed)}")


@rule
def internal_header(tree):
    """x_int.h is included only from its own folder and the folders below it."""
    for path in tree.match("src/*.c", "src/*.h", "tests/*.c"):
        for include in tree.source(path).includes:
            if include.path.endswith("_int.h"):
                home = "src/" + include.path.rsplit("/", 1)[0] + "/"
                if not path.startswith(home):
                    yield path, include.line, f'"{include.path}" is internal to {home}'


# ---- calls ----

BANNED = {
    "strcpy": "use struct mln_slice", "strcat": "use struct mln_buf",
    "strncpy": "use struct mln_slice", "strncat": "use struct mln_buf",
    "stpcpy": "use struct mln_slice", "sprintf": "use snprintf or mln_buf_printf",
    "vsprintf": "use vsnprintf", "strtok": "use mln_slice functions",
    "strtok_r": "use mln_slice functions", "atoi": "use base/num.h", "atol": "use base/num.h",
    "atoll": "use base/num.h", "atof": "use base/num.h", "strtol": "use base/num.h",
    "strtoul": "use base/num.h", "strtoll": "use base/num.h", "strtoull": "use base/num.h",
    "strtoimax": "use base/num.h", "strtoumax": "use base/num.h",
    "scanf": "write a parser", "sscanf": "write a parser", "fscanf": "write a parser",
    "vscanf": "write a parser", "vsscanf": "write a parser", "vfscanf": "write a parser",
    "gets": "has no limit", "alloca": "use the arena", "tmpnam": "use mkstemp",
    "mktemp": "use mkstemp", "tempnam": "use mkstemp", "sleep": "tests own the clock",
    "usleep": "tests own the clock", "nanosleep": "tests own the clock",
}
BANNED_IN_PRODUCT = {
    "system": "no shell", "popen": "no shell", "execl": "no programs", "execlp": "no programs",
    "execv": "no programs", "execvp": "no programs", "setenv": "tests only",
    "putenv": "tests only",
}


@rule
def banned_call(tree):
    """Functions without a limit, without an error, or with a hidden state."""
    for path in c_files(tree):
        banned = BANNED if is_test(path) else BANNED | BANNED_IN_PRODUCT
        for _, token in lint_c.calls(list(tree.source(path).everything())):
            if token.text in banned:
                yield path, token.line, f"{token.text}: {banned[token.text]}"


HEAP = {"malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup",
        "aligned_alloc", "posix_memalign", "asprintf", "vasprintf", "getline"}


@rule
def heap(tree):
    """The heap is used through base/mem.h, so that tests can make it fail."""
    for path in product_c(tree):
        if path == "src/base/mem.c":
            continue
        for _, token in lint_c.calls(list(tree.source(path).everything())):
            if token.text in HEAP:
                yield path, token.line, f"{token.text} outside src/base/mem.c"


@rule
def constant_time(tree):
    """No comparison that stops at the first difference where secrets are compared."""
    for path in tree.match("src/crypto/*.c", "src/e2e/*.c", "src/cse/access/*.c",
                           "src/crypto/*.h", "src/e2e/*.h", "src/cse/access/*.h"):
        if is_test(path):
            continue
        for _, token in lint_c.calls(list(tree.source(path).everything())):
            if token.text in ("memcmp", "bcmp", "strcmp", "strncmp"):
                yield path, token.line, f"{token.text}: use mln_ct_equal for secrets, " \
                    "mln_slice_eq for names"


OUTSIDE = {"clock_gettime", "time", "gettimeofday", "timespec_get", "clock", "getrandom",
           "getentropy", "rand", "random", "srand", "srandom", "rand_r", "drand48",
           "arc4random", "RAND_bytes"}
VARIABLES = {"getenv", "secure_getenv"}


@rule
def environment(tree):
    """Clock and random numbers have one home; variables are read by the command only."""
    for path in product_c(tree):
        for _, token in lint_c.calls(list(tree.source(path).everything())):
            if token.text in OUTSIDE and path != "src/base/env.c":
                yield path, token.line, f"{token.text} outside src/base/env.c"
            if token.text in VARIABLES and not (
                    path.startswith("src/cli/") or
                    fnmatch.fnmatch(path, "src/client/*config*.c")):
                yield path, token.line, f"{token.text} outside src/cli and the client's " \
                    "configuration"


_SQL = re.compile(r'^"\s*(SELECT|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|'
                  r'CREATE\s+(TABLE|INDEX)|ALTER\s+TABLE|DROP\s+TABLE|WHERE|ORDER\s+BY)\b', re.I)
_FORMATTERS = {"snprintf", "mln_buf_printf", "mln_buf_add", "fprintf", "vsnprintf", "memcpy"}


@rule
def sql_parts(tree):
    """SQL is whole and constant; values are parameters of a prepared statement."""
    for path in product_c(tree):
        tokens = list(tree.source(path).everything())
        for at, token in lint_c.calls(tokens):
            if token.text not in _FORMATTERS:
                continue
            for argument in lint_c.arguments(tokens, at + 1):
                if argument.kind == "text" and _SQL.match(argument.text):
                    yield path, argument.line, f"SQL text made by {token.text}"


# ---- names and shape ----


@rule
def naming(tree):
    """External functions are mln_<module>_<verb>, or merlon_… in the client library's face; static
    ones carry no prefix."""
    for path in tree.match("src/*.c"):
        for function in tree.source(path).functions():
            has_prefix = function.name.startswith(
                ("mln_", "merlon_") if path.startswith("src/client/") else "mln_")
            is_entry = function.name in ("main", "LLVMFuzzerTestOneInput",
                                         "LLVMFuzzerInitialize")
            if function.is_static and has_prefix:
                yield path, function.line, f"static {function.name} carries the prefix mln_"
            elif not function.is_static and not has_prefix and not is_entry:
                yield path, function.line, f"external {function.name} lacks the prefix mln_"


def words_outside_prototypes(tree, path):
    source = tree.source(path)
    if path.endswith(".h"):
        for function in source.functions():
            yield from (t.text for t in function.body if t.kind == "word")
        for _, _, tokens in source.directives:
            yield from (t.text for t in tokens if t.kind == "word")
    else:
        yield from (t.text for t in source.everything() if t.kind == "word")


@rule
def single_use(tree):
    """What only its own file and that file's test use is static, or dead."""
    users = {}
    for path in c_files(tree):
        for word in set(words_outside_prototypes(tree, path)):
            users.setdefault(word, set()).add(path)
    for path in tree.match("tools/*.py", "spec/*.json", "src/*.def"):
        for word in set(re.findall(r"\bmln_\w+", tree.text(path) or "")):
            users.setdefault(word, set()).add(path)
    public = " ".join(tree.text(p) or "" for p in tree.match("include/*.h"))
    for path in tree.match("src/*.c"):
        if is_test(path):
            continue
        own = {path, path[:-2] + "_test.c", path[:-2] + "_fuzz.c"}
        for function in tree.source(path).functions():
            if function.is_static or not function.name.startswith("mln_"):
                continue
            if not users.get(function.name, set()) - own:
                if not re.search(rf"\b{function.name}\b", public):
                    yield path, function.line, f"{function.name} is used by no other file"


@rule
def nesting(tree):
    """At most three blocks within each other; what a macro hides does not count."""
    for path in c_files(tree):
        for function in tree.source(path).functions():
            depth, line = lint_c.nesting(function.body)
            if depth > 3:
                yield path, line, f"{function.name}: {depth} blocks within each other"


@rule
def header(tree):
    """A file opens by saying what it is for; a header is guarded by #pragma once."""
    for path in c_files(tree):
        text = tree.text(path) or ""
        if not text.lstrip().startswith("/*"):
            yield path, 1, "no opening comment"
        if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.M):
            yield path, 1, "no #pragma once"


_CITATION = re.compile(r"TS-\d{4} (table )?([A-Z]?[\d.]*\d|[A-Z](?=\W|$))"
                       r"|security\.md \d|SEC-[A-Z0-9]+-\d"
                       r"|RFC ?\d+|3GPP TS \d|XML 1\.\d|ISO \d|ITU-T \w")


@rule
def citation(tree):
    """`spec:` in a comment is followed by document and clause in the one fixed form."""
    for path in c_files(tree):
        for comment in tree.source(path).comments:
            for match in re.finditer(r"\bspec:\s*(?:\*\s*)?", comment.text):
                if not _CITATION.match(comment.text[match.end():]):
                    line = comment.line + comment.text.count("\n", 0, match.start())
                    yield path, line, "write `spec: TS-0004 7.4.7.2.1: why`"


@rule
def suppression(tree):
    """Findings are mended, not silenced; code that is not compiled is deleted."""
    silenced = re.compile(r"NO" r"LINT|cppcheck-supp" r"ress|^\s*#\s*if\s+0\b", re.M)
    for path in c_files(tree):
        for number, line in tree.lines(path):
            if silenced.search(line):
                yield path, number, "silences a check, or hides dead code"


# ---- text ----


@rule
def file_length(tree):
    """A file stays under 800 lines."""
    for path in c_files(tree) + tree.match("**/*.py"):
        count = (tree.text(path) or "").count("\n")
        if count >= 800:
            yield path, count, f"{count} lines; split it"


@rule
def white_space(tree):
    """No trailing blanks, no tabs in C and Python, one newline at the end."""
    for path in tree.texts():
        text = tree.text(path)
        if text == "" or path == "LICENSE":
            continue
        if not text.endswith("\n") or text.endswith("\n\n"):
            yield path, text.count("\n") + 1, "the file does not end in one newline"
        is_code = path.endswith((".c", ".h", ".def", ".py", ".json", ".md", ".build"))
        for number, line in tree.lines(path):
            if line.endswith((" ", "\t", "\r")) and not path.endswith(".tsv"):
                yield path, number, "trailing white space"
            if is_code and "\t" in line:
                yield path, number, "tab"


@rule
def columns(tree):
    """Lines of C end before column 101, of scripts before column 121."""
    for path in c_files(tree) + tree.match("**/*.py", "**/*.sh"):
        most = 100 if path.endswith((".c", ".h")) else 120
        for number, line in tree.lines(path):
            if len(line) > most:
                yield path, number, f"{len(line)} columns"


@rule
def todo(tree):
    """Work left open names its issue: TODO(#12)."""
    open_work = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b(?!\(#\d+\))")
    for path in c_files(tree) + tree.match("**/*.py", "**/*.sh", "**/meson.build", "Makefile"):
        if path.startswith("tests/tools/"):
            continue
        for number, line in tree.lines(path):
            if open_work.search(line):
                yield path, number, "open work without an issue number"


@rule
def machine_path(tree):
    """Nothing names a folder of somebody's machine."""
    folders = re.compile(r"(?<![\w.~*$)}\]-])/(?:wo" r"rk|ro" r"ot|fa" r"rm|Us" r"ers|ho"
                         r"me/\w+)(?:/|\b(?!-))|/tm" r"p/build")
    for path in tree.texts():
        if path.startswith("tests/tools/"):
            continue
        for number, line in tree.lines(path):
            found = folders.search(line)
            if found:
                yield path, number, f"path of a machine: {found.group()}"


# ---- documents and scripts ----


def outside_fences(text):
    """(line, text) of Markdown outside code blocks."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


@rule
def links(tree):
    """A link in a document, and a document named in a comment, exists."""
    for path in tree.match("**/*.md"):
        for number, line in outside_fences(tree.text(path) or ""):
            for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:", target) or target.startswith("#"):
                    continue
                place = (tree.root / path).parent / target.split("#")[0]
                if not place.exists():
                    yield path, number, f"link to {target}, which does not exist"
    for path in c_files(tree) + tree.match("**/*.py", "**/*.md", "dist/*", "Makefile"):
        if path.startswith("tests/tools/"):
            continue
        for number, line in tree.lines(path):
            named = re.sub(r"\[[^]]*\]\([^)]*\)", "", line) if path.endswith(".md") else line
            for target in re.findall(r"(?<![\w/.])docs/[\w./-]+\.md\b", named):
                if not (tree.root / target).exists():
                    yield path, number, f"{target} does not exist"


@rule
def names_in_documents(tree):
    """A C name in a document stands in the code."""
    known = set()
    for path in c_files(tree) + tree.match("src/*.def"):
        known |= set(re.findall(r"\b(?:mln|MLN)_\w+", tree.text(path) or ""))
    for path in tree.match("**/*.md"):
        if path.startswith("docs/reference/"):
            continue
        for number, line in tree.lines(path):
            for name in re.findall(r"\bmln_[a-z0-9_]*[a-z0-9]\b|\bMLN_[A-Z0-9_]*[A-Z0-9]\b", line):
                if name not in known:
                    yield path, number, f"{name} does not stand in the code"


def refuse_duplicates(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"member {name} stands twice")
    return dict(pairs)


@rule
def json_syntax(tree):
    """JSON files parse and hold no member twice."""
    for path in tree.match("**/*.json"):
        if path.startswith("tests/corpus/"):
            continue
        try:
            json.loads(tree.text(path) or "", object_pairs_hook=refuse_duplicates)
        except ValueError as error:
            yield path, getattr(error, "lineno", 1), str(error)


THIRD_PARTY_FREE = ("tools/", ".ci/")


def imports(module):
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


@rule
def python(tree):
    """Python compiles; tools use the standard library only, tests only listed packages."""
    ours = {Path(p).stem for p in tree.match("**/*.py")}
    ours |= {part for p in tree.match("**/*.py") for part in Path(p).parts[:-1]}
    listed = set(provided(tree))
    for path in tree.match("**/*.py"):
        try:
            module = ast.parse(tree.text(path) or "")
        except SyntaxError as error:
            yield path, error.lineno or 1, f"does not compile: {error.msg}"
            continue
        for line, name in imports(module):
            if name in sys.stdlib_module_names or name in ours:
                continue
            if path.startswith(THIRD_PARTY_FREE):
                yield path, line, f"import {name}: tools use the standard library only"
            elif name not in listed:
                yield path, line, f"import {name}: no row of tools/packages.txt provides it"


def shell_of(text):
    first = text.split("\n", 1)[0]
    found = re.match(r"#!\s*/(?:usr/)?bin/(?:env\s+)?(sh|bash|dash)\b", first)
    return found[1] if found else None


@rule
def shell(tree):
    """Shell scripts are accepted by the shell they name."""
    for path in tree.texts():
        name = shell_of(tree.text(path)) or ("sh" if path.endswith(".sh") else None)
        if name:
            done = subprocess.run([name, "-n", str(tree.root / path)], capture_output=True,
                                  text=True, check=False)
            if done.returncode:
                said = (done.stderr.strip().splitlines() or ["syntax error"])[0]
                line = re.search(r":\s*(?:line )?(\d+):", said)
                yield path, int(line[1]) if line else 1, said.split(": ", 1)[-1]


@rule
def run_bit(tree):
    """A script that names its interpreter can be run, and nothing else can; Python is Debian's."""
    for path in tree.texts():
        first = tree.text(path).split("\n", 1)[0]
        can_run = bool((tree.root / path).stat().st_mode & 0o111)
        if first.startswith("#!") and not can_run:
            yield path, 1, "names an interpreter but has no run bit"
        if can_run and not first.startswith("#!"):
            yield path, 1, "has the run bit but names no interpreter"
        if first.startswith("#!") and "python" in first and first != "#!/usr/bin/python3":
            yield path, 1, "the interpreter is /usr/bin/python3"


# ---- tests and packages ----


@rule
def test_beside(tree):
    """x.c has x_test.c beside it, or a row in tools/covered.txt naming its black-box suite."""
    covered = {}
    for line, row in table_rows(tree, "tools/covered.txt"):
        fields = row.split(None, 2)
        if len(fields) < 3:
            yield "tools/covered.txt", line, "a row is: file, suite, reason"
            continue
        covered[fields[0]] = (line, fields[1])
    for path in tree.match("src/*.c"):
        if is_test(path):
            continue
        has_test = path[:-2] + "_test.c" in tree.paths
        if not has_test and path not in covered:
            yield path, 1, "no test beside it and no row in tools/covered.txt"
        if has_test and path in covered:
            yield "tools/covered.txt", covered[path][0], f"{path} has a test: drop the row"
    for path, (line, suite) in covered.items():
        if path not in tree.paths:
            yield "tools/covered.txt", line, f"{path} does not exist"
        if not any(p == suite or p.startswith(suite + "/") for p in tree.paths):
            yield "tools/covered.txt", line, f"suite {suite} does not exist"


@rule
def corpus(tree):
    """A fuzz target x_fuzz.c has inputs in tests/corpus/x/."""
    for path in tree.match("src/*_fuzz.c"):
        folder = f"tests/corpus/{Path(path).name.removesuffix('_fuzz.c')}/"
        if not any(p.startswith(folder) for p in tree.paths):
            yield path, 1, f"no input in {folder}"


def provided(tree):
    for _, row in table_rows(tree, "tools/packages.txt"):
        fields = [f.strip() for f in row.split("|")]
        if len(fields) > 2:
            yield from fields[2].split()


@rule
def packages(tree):
    """Each library of meson.build is provided by a row of tools/packages.txt."""
    listed = set(provided(tree)) | {"threads", "dl", "m", "rt"}
    for path in tree.match("**/meson.build"):
        for number, line in tree.lines(path):
            for name in re.findall(r"\bdependency\(\s*'([^']+)'", line):
                if name not in listed:
                    yield path, number, f"no row of tools/packages.txt provides {name}"


def check(root, names=None):
    """Findings of the named rules, or of all."""
    tree = Tree(root)
    found = set()
    for name, function in RULES.items():
        if not names or name in names:
            found |= {Finding(path, line, name, text) for path, line, text in function(tree)}
    return sorted(found)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--rule", action="append", choices=sorted(RULES), help="only this rule")
    parser.add_argument("--list", action="store_true", help="names of the rules")
    parser.add_argument("--summary", help="write counts as JSON to this file")
    options = parser.parse_args(argv)
    if options.list:
        for name, function in RULES.items():
            print(f"{name:16} {function.__doc__.splitlines()[0]}")
        return 0
    found = check(options.root, options.rule)
    for finding in found:
        print(finding)
    rules = options.rule or list(RULES)
    clean = len(set(rules) - {f.rule for f in found})
    if options.summary:
        Path(options.summary).write_text(
            json.dumps({"passed": clean, "failed": len(found),
                        "failures": [str(f) for f in found]}) + "\n", encoding="utf-8")
    print(f"lint: {len(rules)} rules, {len(found)} findings", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

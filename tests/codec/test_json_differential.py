"""Our JSON reader and writer beside Python's json module, on generated and mutated documents.

Python's reader is restricted to the rules that ours has by contract: UTF-8 only, no byte order
mark, no NaN and Infinity, no duplicate members, no lone surrogates, the limits of depth and items.
Then both must accept the same documents and find the same values in them. Needs the program of
json_dump.c in the environment variable MERLON_JSON_DUMP.
"""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

PROGRAM = os.environ.get("MERLON_JSON_DUMP")
CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "json"
DEPTH = 32      # value_depth and value_items of src/base/limits.def
ITEMS = 100000

pytestmark = pytest.mark.skipif(not PROGRAM, reason="MERLON_JSON_DUMP is not set")
sys.setrecursionlimit(20000)
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)


class Number(str):
    """A number that is no 64-bit integer: its text counts."""


class Refused(Exception):
    pass


def integer(text):
    value = int(text)
    return value if -(2 ** 63) <= value < 2 ** 64 else Number(text)


def refuse_constant(text):
    raise Refused(text)


def members(pairs):
    if len({name for name, _ in pairs}) < len(pairs):
        raise Refused("duplicate member")
    return dict(pairs)


DECODER = json.JSONDecoder(parse_float=Number, parse_int=integer, parse_constant=refuse_constant,
                           object_pairs_hook=members)


def check_texts(value):
    """Refuses lone surrogates; returns how deep and how many items the value is."""
    if isinstance(value, str):
        value.encode()
        return 0, 0
    if isinstance(value, dict):
        for name in value:
            name.encode()
        inner = [check_texts(v) for v in value.values()]
    elif isinstance(value, list):
        inner = [check_texts(v) for v in value]
    else:
        return 0, 0
    return (1 + max((depth for depth, _ in inner), default=0),
            len(inner) + sum(items for _, items in inner))


def expected(document):
    """The value, or None when the document must be refused; a value comes in a list."""
    try:
        text = document.decode()
        if text.startswith("\ufeff"):
            return None
        value = DECODER.decode(text)
        depth, items = check_texts(value)
    except (ValueError, Refused, RecursionError):
        return None
    return [value] if depth <= DEPTH and items <= ITEMS else None


def same(a, b):
    """Equal, with 1 and True and Number("1") told apart."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


class Dump:
    def __init__(self):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, document):
        self.process.stdin.write(struct.pack(">I", len(document)) + document)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        assert len(head) == 4, "json_dump ended"
        answer = self.process.stdout.read(struct.unpack(">I", head)[0])
        return None if answer.startswith(b"error") else answer

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0


@pytest.fixture(scope="module")
def dump():
    program = Dump()
    yield program
    program.close()


def compare(dump, document):
    wanted = expected(document)
    answer = dump(document)
    if wanted is None:
        assert answer is None, f"accepted: {document!r} as {answer!r}"
        return
    assert answer is not None, f"refused: {document!r}"
    found = expected(answer)
    assert found is not None, f"wrote what is no JSON: {answer!r} for {document!r}"
    assert same(found[0], wanted[0]), f"{document!r} became {answer!r}"
    assert dump(answer) == answer, f"not stable: {answer!r}"


# ---- generated documents ----

numbers = st.one_of(
    st.integers(-(2 ** 66), 2 ** 66).map(str),
    st.sampled_from(["-0", "0", str(2 ** 63), str(2 ** 64 - 1), str(2 ** 64), str(-(2 ** 63)),
                     str(-(2 ** 63) - 1)]),
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?\Z"),
    st.from_regex(r"\A[-+0-9.eE]{1,12}\Z"),
)


def spelled(text, escape):
    """A JSON text in which the characters that `escape` picks are written as escapes."""
    out = []
    for at, c in enumerate(text):
        short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\b": "\\b", "\f": "\\f",
                 "\r": "\\r", "/": "\\/"}.get(c)
        must = c in '"\\' or ord(c) < 0x20
        if not must and not escape >> at % 64 & 1:
            out.append(c)
        elif short and escape >> (at + 7) % 64 & 1:
            out.append(short)
        else:
            units = c.encode("utf-16-be", "surrogatepass")
            out += [f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2)]
    return '"' + "".join(out) + '"'


texts = st.builds(
    spelled,
    st.text(max_size=40)
    | st.text("ab\"\\/\n\x00\x1f\x7f\u20ac\U0001f600", max_size=40),
    st.integers(0, 2 ** 64 - 1))
spaces = st.sampled_from(["", "", "", " ", "\n", "\t\r\n  "])


def joined(parts, brackets, space):
    return brackets[0] + space + (space + "," + space).join(parts) + space + brackets[1]


def containers(children):
    arrays = st.builds(joined, st.lists(children, max_size=6), st.just("[]"), spaces)
    member = st.builds(lambda n, v, s: f"{n}{s}:{s}{v}", texts | st.sampled_from(['"a"', '"b"']),
                       children, spaces)
    objects = st.builds(joined, st.lists(member, max_size=6), st.just("{}"), spaces)
    return arrays | objects


documents = st.recursive(numbers | texts | st.sampled_from(["null", "true", "false"]), containers,
                         max_leaves=15)
BASE = dict(deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck))


@settings(max_examples=1000, **BASE)
@given(document=documents, space=spaces)
def test_generated_documents(dump, document, space):
    compare(dump, (space + document + space).encode("utf-8", "surrogatepass"))


SEEDS = sorted(p.read_bytes() for p in CORPUS.iterdir())
TOKENS = [b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"null", b"true", b"-", b"0", b"1", b".",
          b"e", b"+", b" ", b"\n", b"\x00", b"\x1f", b"\x7f", b"\x80", b"\xc3\xa9", b"\xed\xa0\x80",
          b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\\u0000", b"\\ud83d\\ude00", b"\\ud800", b"\\u12",
          b"//", b"/**/", b"'", b"NaN", b"\x0b", b"\xc2\xa0"]


def mutate(document, changes):
    """Each change puts a token at a place, in the stead of a few bytes."""
    for place, length, token in changes:
        at = place % (len(document) + 1)
        document = document[:at] + token + document[at + length:]
    return document


changes = st.lists(st.tuples(st.integers(0, 10 ** 6), st.integers(0, 4),
                             st.sampled_from(TOKENS) | st.binary(max_size=2)),
                   min_size=1, max_size=4)


@settings(max_examples=4000, **BASE)
@given(document=st.sampled_from(SEEDS), changes=changes)
def test_mutated_seeds(dump, document, changes):
    compare(dump, mutate(document, changes))


@settings(max_examples=700, **BASE)
@given(document=documents, changes=changes)
def test_mutated_documents(dump, document, changes):
    compare(dump, mutate(document.encode("utf-8", "surrogatepass"), changes))


@settings(max_examples=1500, **BASE)
@given(st.binary(max_size=30))
@example(b"")
@example(b"\xef\xbb\xbf1")
@example(b"1\x00")
def test_arbitrary_bytes(dump, document):
    compare(dump, document)


def test_seeds(dump):
    assert len(SEEDS) >= 60
    for document in SEEDS:
        compare(dump, document)


def test_every_byte_at_every_place(dump):
    """One byte of a small document replaced by each of the 256."""
    document = b'{"a\\n":[-1.5e2,true,"x\xc3\xa9"]}'
    for at in range(len(document)):
        for byte in range(256):
            compare(dump, document[:at] + bytes([byte]) + document[at + 1:])


def test_cut_off_everywhere(dump):
    for document in SEEDS:
        for at in range(min(len(document), 400)):
            compare(dump, document[:at])


def test_surrogates(dump):
    halves = ["D7FF", "D800", "DBFF", "DC00", "dfff", "E000", "0041"]
    for first in halves:
        compare(dump, f'"\\u{first}"'.encode())
        for second in halves:
            compare(dump, f'"\\u{first}\\u{second}"'.encode())
            compare(dump, f'{{"\\u{first}x\\u{second}":"\\u{first}\\n{second}"}}'.encode())


@pytest.mark.parametrize("count", [1, 31, 32, 33, 34, 100, 5000])
def test_duplicates_in_large_objects(dump, count):
    names = [f"name-{i * 7919 % 10007}" for i in range(count)]
    for extra in (None, names[0], names[-1], "another"):
        listed = names + ([extra] if extra else [])
        text = "{" + ",".join(f'"{name}":{i}' for i, name in enumerate(listed)) + "}"
        compare(dump, text.encode())


@pytest.mark.parametrize("depth", [DEPTH - 1, DEPTH, DEPTH + 1, 5000])
def test_depth(dump, depth):
    compare(dump, b"[" * depth + b"]" * depth)
    compare(dump, b'{"a":' * depth + b"1" + b"}" * depth)


@pytest.mark.parametrize("items", [ITEMS - 1, ITEMS, ITEMS + 1])
def test_items(dump, items):
    compare(dump, b"[" + b",".join([b"0"] * items) + b"]")

"""Reads C as far as tools/lint.py needs it: tokens, functions, includes, comments.

Not a parser of C: it knows comments, literals, preprocessor lines and braces, which is enough
for code that clang-format has laid out and two compilers have accepted.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|//[^\n]*)"
    r"|(?P<text>(?:u8|[uUL])?\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<char>(?:u8|[uUL])?'(?:[^'\\\n]|\\.)*')"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)"
    r"|(?P<arrow>->)"
    r"|(?P<mark>[^\s\w])",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
_BLOCK_WORDS = {"if", "for", "while", "switch"}


@dataclass
class Token:
    kind: str
    text: str
    line: int


@dataclass
class Function:
    """A definition: tokens of its head, and of its body with the outer braces."""

    name: str
    line: int
    is_static: bool
    body: list = field(default_factory=list)


@dataclass
class Include:
    path: str
    is_system: bool
    line: int


class Source:
    """One C file, read once. `code` holds the tokens outside preprocessor lines."""

    def __init__(self, text):
        self.text = text
        self.comments = []
        self.directives = []  # (line, text, tokens)
        blank = self._cut_comments(text)
        self.includes = []
        code = _DIRECTIVE.sub(lambda m: self._take_directive(blank, m), blank)
        self.code = list(_tokens(code))
        self._functions = None

    def _cut_comments(self, text):
        """Comments become spaces, so that positions and lines stay what they are."""

        def cut(match):
            if match.lastgroup != "comment":
                return match.group()
            line = text.count("\n", 0, match.start()) + 1
            self.comments.append(Token("comment", match.group(), line))
            return re.sub(r"[^\n]", " ", match.group())

        return _TOKEN.sub(cut, text)

    def _take_directive(self, text, match):
        line = text.count("\n", 0, match.start()) + 1
        found = _INCLUDE.match(match.group())
        if found:
            self.includes.append(Include(found[1] or found[2], found[1] is None, line))
        else:
            self.directives.append((line, match.group(), list(_tokens(match.group(), line))))
        return re.sub(r"[^\n]", " ", match.group())

    def everything(self):
        """Tokens of code and of macro definitions."""
        yield from self.code
        for _, _, tokens in self.directives:
            yield from tokens

    def functions(self):
        if self._functions is None:
            self._functions = list(_functions(self.code))
        return self._functions


def _tokens(text, line=1):
    at = 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        yield Token(match.lastgroup, match.group(), line)


def _functions(code):
    """Function definitions at the outermost level."""
    head = []
    at = 0
    while at < len(code):
        token = code[at]
        if token.text == ";":
            head = []
        elif token.text == "{":
            end = _closing(code, at)
            name = _function_name(head)
            if name is not None:
                is_static = any(t.text == "static" for t in head[: head.index(name)])
                yield Function(name.text, name.line, is_static, code[at : end + 1])
                head = []
            at = end
        else:
            head.append(token)
        at += 1


def _closing(code, at):
    """Index of the brace that closes the one at `at`, or of the last token."""
    depth = 0
    for i in range(at, len(code)):
        if code[i].text == "{":
            depth += 1
        elif code[i].text == "}":
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def _function_name(head):
    """The declarator's name in `static int name(...)`, or None when it is none."""
    depth = 0
    name = None
    if any(t.text == "=" for t in head):
        return None
    for i, token in enumerate(head):
        if token.text == "(":
            before = head[i - 1] if i else None
            if depth == 0 and before is not None and before.kind == "word":
                if before.text not in ("__attribute__", "alignas", "typeof"):
                    name = before  # the last one: macros may stand before it
            depth += 1
        elif token.text == ")":
            depth -= 1
    return name


def calls(tokens):
    """Words that are called: followed by a parenthesis and no member of something."""
    for i, token in enumerate(tokens[:-1]):
        if token.kind != "word" or tokens[i + 1].text != "(":
            continue
        if i and (tokens[i - 1].text in (".", "->")):
            continue
        yield i, token


def arguments(tokens, at):
    """Tokens between the parentheses that open at index `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].text == "(":
            depth += 1
        elif tokens[i].text == ")":
            depth -= 1
            if depth == 0:
                return tokens[at + 1 : i]
    return tokens[at + 1 :]


def nesting(body):
    """Deepest nesting of blocks in a function body as it is written, and its line.

    Braces of initialisers and compound literals do not count, nor what macros hide.
    """
    stack = []  # True for a block, False for an initialiser
    depth = deepest = 0
    line = body[0].line if body else 0
    for i, token in enumerate(body):
        if token.text == "{":
            is_block = i > 0 and _opens_block(body, i)
            stack.append(is_block)
            depth += is_block
            if depth > deepest:
                deepest, line = depth, token.line
        elif token.text == "}" and stack:
            depth -= stack.pop()
    return deepest, line


def _opens_block(body, at):
    before = body[at - 1]
    if before.text in ("else", "do", ";", "}", ":", "{"):
        return before.text != "{" or _opens_block_or_body(body, at - 1)
    if before.text != ")":
        return False
    depth = 0
    for i in range(at - 1, -1, -1):
        depth += body[i].text == ")"
        depth -= body[i].text == "("
        if depth == 0:
            # `if (…) {` and `LOOP_MACRO(…) {` are blocks, `(struct x){` is a value
            return i > 0 and (body[i - 1].text in _BLOCK_WORDS or body[i - 1].kind == "word"
                              and body[i - 1].text not in ("return", "sizeof"))
    return False


def _opens_block_or_body(body, at):
    return at == 0 or _opens_block(body, at)

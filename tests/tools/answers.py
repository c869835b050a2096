"""Holds the content of an answer or notification against the generated JSON Schemas.

check() takes the decoded content, an object with one member, and raises
jsonschema.ValidationError. Nested resources are checked with the schema of their own type.
"""

import functools
import hashlib
import json
import os

import jsonschema

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "reference", "schema")
KNOWN_MAX = 100000
_known = set()  # contents that were found right, by their digests: the same one is right again


@functools.lru_cache(maxsize=None)
def validator(name):
    """The validator of a schema file, or None."""
    path = os.path.join(SCHEMAS, name + ".json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return jsonschema.Draft202012Validator(json.load(f))


def check(content, full=False):
    """Content of an answer. full: all mandatory attributes must be there."""
    digest = hashlib.sha256(repr((content, full)).encode("utf-8", "surrogatepass")).digest()
    if digest in _known:
        return
    check_now(content, full)
    if len(_known) >= KNOWN_MAX:
        _known.clear()
    _known.add(digest)


def check_now(content, full):
    if not isinstance(content, dict) or len(content) != 1:
        raise jsonschema.ValidationError("content must be an object with one member")
    (root, value), = content.items()
    if ":" in root and not is_known(root):
        content = defined(root, value)
        (root,) = content
        (value,) = content.values()
    if ":" not in root:
        raise jsonschema.ValidationError(f"{root}: no member of content")
    short = root.partition(":")[2]
    found = (validator(short + ".full") if full else None) or validator(short)
    if found is None:
        raise jsonschema.ValidationError(f"{root}: no such resource type or element")
    found.validate(content)
    check_inside(short, value)


def is_known(root):
    """Is it of the standard, or else defined by a file?"""
    prefix, _, short = root.partition(":")
    return prefix == "m2m" or bool(validator(short)) and root in validator(short).schema["properties"]


def defined(root, value):
    """A specialisation of <flexContainer> that a file defines, or an instance of one, without its own
    attributes."""
    short = "fcin" if root.endswith("Inst") else "flexContainer"
    facts = validator(short).schema["properties"]["m2m:" + short]["properties"]
    if not isinstance(value, dict):
        raise jsonschema.ValidationError(f"{root}: must be an object")
    return {"m2m:" + short: {k: v for k, v in value.items() if k in facts or ":" in k}}


def check_inside(short, value):
    """Resources within the element."""
    if short == "agr":
        for response in value.get("m2m:rsp", []):
            if "pc" in response:
                check(response["pc"])
    elif short == "sgn":
        representation = value.get("nev", {}).get("rep")
        if representation is not None:
            check(representation)
    elif short == "rce":
        check({k: v for k, v in value.items() if ":" in k})
    elif isinstance(value, dict):
        for name, children in value.items():
            if ":" in name:
                for child in children:
                    check({name: child})

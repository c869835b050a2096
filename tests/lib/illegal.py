"""Illegal requests made from the tables of spec/: what each resource type must refuse.

For each attribute: missing though mandatory, there though forbidden, of a wrong type or
multiplicity, out of range. For each type: wrong parents and operations it does not have.
spec: TS-0004 7.3.3.3, 7.3.3.4, 7.3.3.7
"""

import json
import re

from . import model, serial
from .place import GOOD

FIXED = ("cin", "tsi")  # what has no UPDATE


def code_for(row, presence):
    """What any unacceptable value of the attribute must get."""
    return 5001 if row.is_unbuilt and presence != "NP" else 4000


def sample(row):
    """Some value for an attribute nobody may give."""
    return GOOD.get(row.short) or {"st": 1, "ty": 3, "ct": "20200101T000000", "lt": "20200101T000000",
                                   "cni": 0, "cbs": 0, "cs": 1, "cnm": 0, "mtv": True, "ssi": True,
                                   "rms": True}.get(row.short, "x")


def values(short, row, presence, form):
    """(value, code) of the attribute, as far as they are illegal in the serialisation, too."""
    given = [sample(row), None] if presence == "NP" else model.wrong_of_row(row)
    for value in given:
        said = saying({model.root(short): {row.short: value}}, form)
        if said != "other":
            yield value, code_for(row, presence) if said == "same" else 4000


def saying(content, form):
    """What becomes of a content: the 'same', something that 'no' reader takes, or an 'other' one.
    Not taken are elements that repeat though they may not, and integers of CBOR that need a tag."""
    if form == "cbor" and any(abs(int(digits)) >= 2**64 for digits in re.findall(r"-?\d{20,}", json.dumps(content))):
        return "no"
    try:
        said = serial.decode(serial.encode(content, form), serial.MEDIA[form])
        return "same" if json.dumps(said) == json.dumps(content) else "other"  # True and 1 differ
    except AssertionError:
        return "no"
    except (serial.ET.ParseError, KeyError, ValueError, TypeError, AttributeError):
        return "other"


def may_contain(parent, child):
    """spec: tables of child resources"""
    children = model.table(f"types/{parent}.json").get("children", [])
    return child in children or model.table(f"types/{child}.json").get("of") in children

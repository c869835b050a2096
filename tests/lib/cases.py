"""The data-driven cases of tests/cases over HTTP. The format is told in tests/cases/README.md."""

import itertools
import json
import re
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import serial
from .onem2m import Client, path_of

FOLDER = Path(__file__).resolve().parent.parent / "cases"
METHODS = {"create": "POST", "retrieve": "GET", "update": "PUT", "delete": "DELETE",
           "notify": "POST"}
TYPES = {"acp": 1, "ae": 2, "cnt": 3, "cin": 4, "grp": 9, "mssp": 11, "mgc": 12, "nod": 14, "pch": 15, "sch": 18,
         "asar": 19, "svsn": 20, "sub": 23, "smd": 24, "ntpr": 25,
         "ntp": 26, "pdr": 27, "ts": 29, "tsi": 30, "rol": 31, "tk": 32, "tgr": 47, "crs": 48, "actr": 65,
         "depr": 66}
HEADERS = {"rqi": "X-M2M-RI", "rvi": "X-M2M-RVI", "ot": "X-M2M-OT", "rqet": "X-M2M-RET",
           "rset": "X-M2M-RST", "oet": "X-M2M-OET", "ec": "X-M2M-EC", "gid": "X-M2M-GID",
           "vsi": "X-M2M-VSI"}
ELSEWHERE = ("cse-in", "/", "-", ".", "{", "id-in")
_VARIABLE = re.compile(r"\{([a-z][A-Za-z0-9.+_-]*)\}")
_serial = itertools.count(1)


def load():
    """[(name for pytest, case)] of all files."""
    found = []
    for path in sorted(FOLDER.glob("*/*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")):
            found.append((f"{path.parent.name}/{path.stem}: {case['name']}", case))
    return found


def timestamp(seconds):
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return at.strftime("%Y%m%dT%H%M%S,%f")


# ---- comparison ----


def contains(elements, have):
    left = list(have) if isinstance(have, list) else []
    for element in elements:
        hit = next((i for i, v in enumerate(left) if differs(element, v) is None), None)
        if hit is None:
            return False
        del left[hit]
    return isinstance(have, list)


def special(expected, have):
    (form, value), = expected.items()
    if form == "$any":
        return have is not None
    if form == "$starts":
        return isinstance(have, str) and have.startswith(value) and len(have) > len(value)
    if form == "$above":
        return isinstance(have, int) and have > value
    assert form in ("$set", "$has"), form
    return contains(value, have) and (form == "$has" or len(have) == len(value))


def differs(expected, have, at="content"):
    """None, or the place where they differ."""
    if isinstance(expected, dict) and len(expected) == 1 and next(iter(expected)).startswith("$"):
        return None if special(expected, have) else at
    if isinstance(expected, dict):
        if not isinstance(have, dict):
            return at
        for name, value in expected.items():
            if value is None:
                if name in have:
                    return f"{at}.{name}"
                continue
            found = differs(value, have.get(name), f"{at}.{name}")
            if found:
                return found
        return None
    if isinstance(expected, list):
        if not isinstance(have, list) or len(expected) != len(have):
            return at
        return next((d for i, v in enumerate(expected)
                     if (d := differs(v, have[i], f"{at}[{i}]"))), None)
    same = type(expected) is type(have) and expected == have
    return None if same else at


# ---- one case ----


def reply_of(said):
    """What the receiver answers: see lib/receiver.py."""
    rsc = said.get("rsc", 2000)
    refusal = (400, {"X-M2M-RSC": str(rsc), "Content-Type": "application/json"},
               b'{"m2m:dbg": "refused"}')
    return lambda _: None if said.get("gone") else refusal if rsc >= 4000 else rsc


class Run:
    """One case on a server with a trusted and an untrusted listener, in this order."""

    def __init__(self, case, server, receiver, form="json"):
        self.case = case
        self.trusted = Client(server.urls[0], form=form)
        self.untrusted = Client(server.urls[1], form=form)
        self.receiver = receiver
        self.made = []  # to be deleted at the end
        self.answer = None  # to the last request of a step
        number = next(_serial)
        self.variables = {"name": f"case{number}", "ae": f"cse-in/case{number}",
                          "stem": f"Ccase{number}", "other": f"Cother{number}",
                          "otherae": f"cse-in/other{number}", "receiver": receiver.url}

    def expand(self, value):
        if isinstance(value, str):
            return _VARIABLE.sub(self.variable, value)
        if isinstance(value, list):
            return [self.expand(v) for v in value]
        if isinstance(value, dict):
            return {k: self.expand(v) for k, v in value.items()}
        return value

    def variable(self, match):
        name = match[1]
        if name.startswith("now"):
            return timestamp(int(name[3:] or 0))
        return self.variables[name]

    # ---- requests ----

    def target(self, to):
        return self.expand(to if to.startswith(ELSEWHERE) else "{ae}/" + to)

    @staticmethod
    def query_of(request):
        query = {k: request.pop(k) for k in ("rcn", "drt", "rp") if k in request}
        if "rt" in request:
            query["rt"] = request.pop("rt")["rtv"]
        for name in ("rids", "tids", "ltids"):
            if name in request:
                query[name] = " ".join(request.pop(name))
        if "atrl" in request:
            query["atrl"] = " ".join(request.pop("atrl"))
        for name, value in request.pop("fc", {}).items():
            if name in ("atr", "catr", "patr"):
                prefix = {"atr": "", "catr": "c.", "patr": "p."}[name]
                query.update({prefix + c["nm"]: c["val"] for c in value})
            elif name == "smf":  # has blanks of its own
                query[name] = value
            else:
                query[name] = " ".join(map(str, value)) if isinstance(value, list) else value
        return query

    def send(self, given, client=None):
        request = self.expand(given)
        method = METHODS[request.pop("op")]
        request.pop("to")
        to = self.target(given["to"]).replace("..", "%2E%2E")
        originator = request.pop("fr", self.variables["stem"])
        targets = request.get("rt", {}).get("nu")
        query = self.query_of(request)
        body, ty = request.pop("pc", None), request.pop("ty", None)
        headers = {HEADERS[name]: None if value is None else str(value)
                   for name, value in request.items() if name in HEADERS}
        if targets:
            headers["X-M2M-RTU"] = "&".join(targets)
        if "tkns" in request:
            headers["Authorization"] = "+".join(request.pop("tkns"))
        request = {name: value for name, value in request.items() if name not in HEADERS}
        assert not request, f"not known over HTTP: {request}"
        answer = (client or self.trusted).As(originator).request(
            method, to, body, ty=ty, headers=headers, query=query)
        location = answer.headers.get("Content-Location")
        if answer.rsc == 2001 and location:
            self.made.append(location)
        return answer

    # ---- what is given ----

    def register(self, stem, name, over):
        ae = {"rn": name, "api": "Ncase", "rr": True, "srv": ["3"],
              "poa": [f"{self.receiver.url}/{name}"], **self.expand(over)}
        answer = self.send({"op": "create", "to": "cse-in", "fr": stem, "ty": 2, "pc": {
            "m2m:ae": {k: v for k, v in ae.items() if v is not None}}})
        assert answer.rsc == 2001, answer

    def create_given(self, row):
        kind = next(iter(row))
        answer = self.send({"op": "create", "to": row.get("in", "{ae}"), "ty": TYPES[kind],
                            "fr": row.get("fr", "{stem}"), "pc": {f"m2m:{kind}": row[kind]}})
        assert answer.rsc == 2001, answer
        if "rn" in row[kind]:
            self.variables[row[kind]["rn"] + ".ri"] = answer["ri"]

    # ---- expectations ----

    def check_notified(self, expected):
        have = [self.receiver.all.get(timeout=10).pc for _ in expected]
        assert contains(self.expand(expected), have), f"notified {have}, expected {expected}"
        self.receiver.nothing(0.1)

    def check(self, expected, answer):
        assert expected.get("rsc", answer.rsc) == answer.rsc, answer
        if "pc" in expected:
            wanted = self.expand(expected["pc"])
            at = differs(wanted, answer.pc) if wanted is not None or answer.pc is not None else None
            assert at is None, f"differs at {at}: expected {wanted}, have {answer}"
        if "location" in expected:
            assert answer.headers["Content-Location"] == path_of(self.expand(expected["location"]))
        if "partial" in expected:
            assert (answer.headers.get("X-M2M-CTS") == "1") == expected["partial"], answer.headers

    def step(self, step):
        if "receiver" in step:
            self.receiver.answer = reply_of(step["receiver"])
        if step.get("forget"):
            self.receiver.drain()
        client = self.untrusted if step.get("untrusted") else self.trusted
        end = time.monotonic() + (10 if step.get("eventually") else 0)
        while True:
            if "request" in step:  # otherwise it is about the one before
                self.answer = self.send(step["request"], client)
            try:
                self.check(step["expect"], self.answer)
                break
            except AssertionError:
                if time.monotonic() > end:
                    raise
        if "notified" in step["expect"]:
            self.check_notified(step["expect"]["notified"])
        for name, attribute in step.get("save", {}).items():
            self.variables[name] = self.answer[attribute]

    def run(self):
        self.register(self.variables["stem"], self.variables["name"], self.case.get("ae", {}))
        self.register(self.variables["other"], self.variables["otherae"].split("/")[1],
                      self.case.get("other", {}))
        given = self.case.get("given", [])
        for row in given if isinstance(given, list) else [given]:
            self.create_given(row)
        self.receiver.drain()
        self.step(self.case)
        for step in self.case.get("then", []):
            self.step(step)

    def clean(self):
        """Deletes what stands directly below the CSEBase; the rest goes with it."""
        for location in self.made:
            if location.count("/") == 2:
                self.trusted.delete(location.lstrip("/"))


def can_say(case, form):
    """Can the contents of all requests be said in the serialisation?"""
    steps = [case] + case.get("then", [])
    given = case.get("given", [])
    rows = given if isinstance(given, list) else [given]
    contents = [s["request"].get("pc") for s in steps if "request" in s]
    contents += [{f"m2m:{next(iter(row))}": row[next(iter(row))]} for row in rows]
    return all(serial.can_say(pc, form) for pc in contents)


def options_of(case):
    """The options of a case as those of the command line."""
    given = case.get("options", {})
    words = []
    for name, option in (("profile", "--profile"), ("verify", "--verify-subscriptions"),
                         ("max_lifetime", "--max-lifetime")):
        if name in given:
            words += [option, str(given[name])]
    if given.get("hide"):
        words += ["--hide-unauthorised", "on"]
    for name, value in given.get("limits", {}).items():
        words += ["--limit", f"{name}={value}"]
    return tuple(words)

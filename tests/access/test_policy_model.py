"""The parts of an access decision, and whole sets of rules, beside the model in lib/policy_model.py,
on invented input. Needs the program of access_probe.c in MERLON_ACCESS_PROBE.

spec: TS-0003 7.1.3, 7.1.5; TS-0004 6.3.5.27, 6.3.5.28, 7.4.9.1
"""

import atexit
import json
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings, strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from lib import policy_model as model  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = os.environ.get("MERLON_ACCESS_PROBE")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="MERLON_ACCESS_PROBE is not set")
LATEST = 253402300799999999
SOME = settings(max_examples=600, deadline=None, derandomize=True,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
MANY = settings(SOME, max_examples=1000)
_probe = []


def ask(kind, **question):
    """The answer of the program to one question."""
    if not _probe:
        _probe.append(subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True, encoding="utf-8"))
        atexit.register(lambda: (_probe[0].stdin.close(), _probe[0].wait()))
    probe = _probe[0]
    probe.stdin.write(json.dumps({"ask": kind, **question}) + "\n")
    probe.stdin.flush()
    answer = probe.stdout.readline().rstrip("\n")
    assert answer, "the probe has ended"
    return answer


def expected(function, *arguments):
    try:
        return "1" if function(*arguments) else "0"
    except model.Refused:
        return "refused"


# ---- time ----


@st.composite
def fields(draw, least, most):
    """A field, nearly always right."""
    def one():
        first = draw(st.integers(least, most))
        form = draw(st.integers(0, 3))
        if form <= 1:
            return str(first)
        last = draw(st.integers(first, most))
        return f"{first}-{last}" + (f"/{draw(st.integers(1, 70))}" if form == 3 else "")

    form = draw(st.integers(0, 9))
    if form < 5:
        return "*"
    if form == 5:
        return f"*/{draw(st.integers(1, 70))}"
    return ",".join(one() for _ in range(draw(st.integers(1, 4))))


@st.composite
def schedules(draw):
    return " ".join(draw(fields(least, most)) for least, most in model.FIELDS)


moments = st.one_of(
    st.integers(0, LATEST),
    st.integers(946684800, 4102444800).map(lambda s: s * 10**6),
    st.datetimes(min_value=model.datetime(2000, 1, 1), max_value=model.datetime(2100, 12, 31)).map(
        lambda d: (d.replace(tzinfo=model.timezone.utc) - model.EPOCH)
        // model.timedelta(microseconds=1)))


@st.composite
def fitting(draw):
    """A moment, and a schedule most of whose fields name it: such that both outcomes are common."""
    us = draw(moments)
    at = model.EPOCH + model.timedelta(microseconds=us)
    now = (at.second, at.minute, at.hour, at.day, at.month, at.isoweekday() % 7,
           max(2000, at.year))
    text = " ".join(draw(st.sampled_from(["*", str(value), f"{value}-{most}", f"{least}-{value}"])
                         | st.just("*"))
                    if draw(st.integers(0, 9)) else draw(fields(least, most))
                    for value, (least, most) in zip(now, model.FIELDS))
    return text, us


@MANY
@given(schedules(), moments)
@example("* * * * * * *", 0)
@example("* * * * * 1-5 *", 1704067199999999)
def test_schedules(text, us):
    """SEC-CTX-03: what is a schedule matches as the model says. spec: TS-0004 7.4.9.1"""
    assert ask("schedule", text=text, us=us).split(" ")[0] == expected(model.in_window, text, us)


def test_schedules_that_fit():
    """SEC-CTX-01 SEC-CTX-02: both outcomes, often"""
    seen = Counter()

    @MANY
    @given(fitting())
    def check(pair):
        want = expected(model.in_window, *pair)
        assert ask("schedule", text=pair[0], us=pair[1]) == want, pair
        seen[want] += 1

    check()
    assert min(seen["0"], seen["1"]) > 100, seen


@MANY
@given(schedules(), st.data(), moments)
def test_schedules_with_a_fault(text, data, us):
    """SEC-CTX-03: what is none is refused, and nothing else"""
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 2)))
    text = text[:at] + data.draw(st.text("0123456789*,/- \tx+", max_size=3)) + text[end:]
    assert ask("schedule", text=text, us=us).split(" ")[0] == expected(model.in_window, text, us)


@pytest.mark.parametrize("text, reason", [
    ("* * * * * *", "seven fields"), ("* * * * * * * *", "seven fields"), ("", "seven fields"),
    ("60 * * * * * *", "second: 60"), ("* 60 * * * * *", "minute: 60"), ("* * 24 * * * *", "hour: 24"),
    ("* * * 0 * * *", "day: 0"), ("* * * 32 * * *", "day: 32"), ("* * * * 13 * *", "month: 13"),
    ("* * * * * 7 *", "day of the week: 7"), ("* * * * * * 1999", "year: 1999"),
    ("* */0 * * * * *", "minute: '0' is no step"), ("5-3 * * * * * *", "second: the range 5-3"),
    ("* 5/2 * * * * *", "minute: '5/2'"), ("* , * * * * *", "minute: '' is no number"),
    ("x * * * * * *", "second: 'x'"), ("*,3 * * * * * *", "second: '*'"),
    ("0" + ",0" * 600 + " * * * * * *", "longer than 1024")])
def test_the_fault_of_a_schedule_is_named(text, reason):
    """SEC-CTX-03"""
    answer = ask("schedule", text=text, us=0)
    assert answer.startswith("refused") and reason in answer


# ---- addresses ----

v4 = st.one_of(st.ip_addresses(v=4), st.integers(0, 255).map(
    lambda n: model.ipaddress.IPv4Address(f"10.0.0.{n}"))).map(str)
v6 = st.one_of(st.ip_addresses(v=6), st.integers(0, 2**20).map(
    lambda n: model.ipaddress.IPv6Address((0x20010DB8 << 96) + n))).map(str)
mapped = v4.map(lambda text: "::ffff:" + text)
zoned = v6.map(lambda text: text + "%eth0")
addresses = st.one_of(v4, v6, mapped, zoned)


@st.composite
def ranges(draw):
    text = draw(addresses)
    most = 128 if ":" in text else 32
    return text + draw(st.one_of(st.just(""), st.integers(0, most + 2).map(lambda n: f"/{n}")))


@st.composite
def near(draw):
    """A range and an address that differs from its own in one bit."""
    text = draw(ranges())
    try:
        first = model.network(text)
    except model.Refused:
        return text, draw(addresses)
    bit = 1 << draw(st.integers(0, first.max_prefixlen - 1))
    return text, str(first[0].__class__(int(first[0]) ^ bit))


@MANY
@given(st.one_of(near(), st.tuples(ranges(), addresses)))
@example(("10.0.0.1/33", "10.0.0.1"))
@example(("0.0.0.0/0", "255.255.255.255"))
@example(("::/0", "10.0.0.1"))
@example(("::ffff:10.0.0.0/104", "10.255.0.1"))
def test_ranges(pair):
    """SEC-CTX-05 beside ipaddress. spec: RFC 4632, RFC 5952"""
    text, ip = pair
    assert ask("range", text=text, ip=ip).split(" ")[0] == expected(model.in_range, text, ip)


@MANY
@given(ranges(), st.data())
def test_ranges_with_a_fault(text, data):
    """SEC-CTX-05: what is no address is refused, and nothing else"""
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 2)))
    text = text[:at] + data.draw(st.text("0123456789abcdefF:./% x-", max_size=2)) + text[end:]
    assert ask("range", text=text, ip="10.0.0.1").split(" ")[0] == \
        expected(model.in_range, text, "10.0.0.1"), text


# ---- places ----

degrees = st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 7))


def circle(latitude, longitude, radius, place):
    return ask("circle", text=[repr(latitude), repr(longitude), repr(radius)],
               at=[repr(place[0]), repr(place[1])])


@MANY
@given(degrees, degrees, degrees, degrees, st.floats(0, 21e6, allow_nan=False))
def test_circles(lat, lon, lat2, lon2, radius):
    """SEC-CTX-08: inside and outside, by distances of the model"""
    centre, place = (lat * 90, lon * 180), (lat2 * 90, lon2 * 180)
    apart = model.distance(centre, place)
    assume(abs(apart - radius) > max(1e-3, 1e-9 * apart) and apart < 19.9e6)
    assert circle(*centre, radius, place) == ("1" if apart < radius else "0")


@SOME
@given(degrees, degrees, st.floats(1e-4, 1.0), st.floats(0, 360))
def test_the_edge_is_inside(lat, lon, far, bearing):
    """SEC-CTX-08: a radius of just the distance; a millimetre less is outside"""
    centre = (lat * 80, lon * 180)
    place = (centre[0] + far * math.cos(math.radians(bearing)),
             centre[1] + far * math.sin(math.radians(bearing)))
    assume(abs(place[1]) <= 180)
    apart = model.distance(centre, place)
    assert circle(*centre, apart, place) == "1"
    assert circle(*centre, apart - 1e-3, place) == "0"


@SOME
@given(degrees, st.floats(0, 0.5), st.floats(0, 0.5))
def test_longitudes_close_at_180(lat, west, east):
    """SEC-CTX-08: 180 and -180 degrees are one meridian"""
    centre, place = (lat * 80, 180 - west), (lat * 80, -180 + east)
    apart = model.distance((lat * 80, 0), (lat * 80, west + east))
    assert circle(*centre, apart + 0.01, place) == "1"
    assume(apart > 0.02)
    assert circle(*centre, apart - 0.01, place) == "0"


@pytest.mark.parametrize("text, is_good", [
    (["90", "180", "0"], True), (["-90", "-180", "1e3"], True), (["9e1", "-1.8e2", "0.5"], True),
    (["90.0000001", "0", "1"], False), (["-90.1", "0", "1"], False), (["0", "180.001", "1"], False),
    (["0", "-181", "1"], False), (["0", "0", "-1"], False), (["0", "0", "1e999"], False),
    (["0", "0", "1" * 41], False), (["x", "0", "1"], False), (["0", "", "1"], False),
    (["+1", "0", "1"], False), (["0x1", "0", "1"], False), (["nan", "0", "1"], False),
    (["inf", "0", "1"], False), ([" 1", "0", "1"], False)])
def test_what_a_circle_is_made_of(text, is_good):
    """SEC-CTX-08. spec: TS-0004 6.3.5.28"""
    answer = ask("circle", text=text, at=["0", "0"])
    assert answer.startswith("refused") != is_good, answer


# ---- rules ----

ORIGINATORS = ["Cae", "Cother", "Sxyz", "/id-in", "/id-2", "/id-2/Cae", "//far.example/id/C1",
               "//far.example/id", "//far.example/S9", "//Far.Example/id/C1"]
ENTRIES = ["all", "Cae", "/id-in/Cae", "//merlon.example/id-in/Cae", "C*", "S*", "*", "/id-in/*",
           "/*/Cae", "/id-*", "//*", "//*/*/*", "//merlon.example", "//far.example", "//FAR.example/*/C1",
           "//far.*/S*", "/Sxyz", "//merlon.example/Sxyz", "cse-in/g", "grp0001", "/id-2/cse/g",
           "admin@sp.example", "admin@SP.example", "Admin@sp.example", "Cnobody", "*/id-in/Cae",
           "//*/id-in/Cae", "/id-2", "//merlon.example/id-2", "//far.example/*", "Cae*", "*e", "**"]
WINDOWS = ["* * * * * * *", "* * 8-17 * * 1-5 *", "0-29 * * * * * *", "* * * 1 1 * *",
           "* */2 * * * * 2000-2030/3,2031"]
V4 = ["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "192.168.1.7/24"]
V6 = ["2001:db8::/32", "::1", "::/0", "::ffff:10.0.0.0/104"]
REGIONS = [{"accc": ["DE", "FR"]}, {"accc": ["XX"]}, {"accr": [52.5, 13.4, 10000]},
           {"accr": [0, 180, 200000.5]}, {"accr": [-90, 0, 1]}]
TYPES = [3, 4, 13, 23, 28]
SPECIALIZATIONS = [{"mgd": 1001}, {"mgd": 1006}, {"cnd": "org.example.lamp"}]


def some(pool, most=3):
    return st.lists(st.sampled_from(pool), min_size=1, max_size=most)


contexts = st.fixed_dictionaries({}, optional={
    "actw": some(WINDOWS),
    "acip": st.one_of(st.fixed_dictionaries({"ipv4": some(V4)}, optional={"ipv6": some(V6)}),
                      st.fixed_dictionaries({"ipv6": some(V6)})),
    "aclr": st.sampled_from(REGIONS)})
details = st.fixed_dictionaries({"chty": some(TYPES)}, optional={
    "ty": st.sampled_from(TYPES), "spty": st.sampled_from(SPECIALIZATIONS)})
rules = st.fixed_dictionaries({"acor": some(ENTRIES), "acop": st.integers(1, 63)}, optional={
    "acaf": st.booleans(), "acco": st.lists(contexts, min_size=1, max_size=2),
    "acod": st.lists(details, min_size=1, max_size=2)})
requests = st.builds(
    model.Request, privilege=st.sampled_from([1, 1, 2, 4, 8, 16, 32]),
    fr=st.sampled_from(ORIGINATORS), us=moments,
    ip=st.sampled_from(["", "10.0.0.1", "10.9.9.9", "192.168.1.200", "2001:db8::9", "::1", "9.9.9.9"]),
    authenticated=st.booleans(),
    roles=st.lists(st.sampled_from(["admin@sp.example", "user@sp.example"]), max_size=2),
    groups=st.lists(st.sampled_from(["cse-in/g", "grp0001", "/id-2/cse/g"]), max_size=2),
    place=st.sampled_from([(), (52.5, 13.41), (0.1, -179.9), (-90.0, 12.0)]),
    country=st.sampled_from(["", "DE", "XX"]), target=st.sampled_from(TYPES),
    created=st.sampled_from(TYPES), target_mgd=st.sampled_from([0, 1001, 1006]),
    target_cnd=st.sampled_from(["", "org.example.lamp"]),
    created_mgd=st.sampled_from([0, 1001, 1006]),
    created_cnd=st.sampled_from(["", "org.example.lamp"]))


def ask_rules(given_rules, r):
    question = {k: v for k, v in vars(r).items() if v not in ("", (), [])}
    if r.place:
        question["at"] = [repr(x) for x in question.pop("place")]
    return ask("rules", set={"acr": given_rules}, **question)


def test_sets_of_rules():
    """SEC-CTX-04 SEC-CTX-05 SEC-CTX-06 SEC-CTX-07 SEC-CTX-08 SEC-CTX-09 SEC-ACP-25 SEC-ACP-26
    SEC-ACP-27 SEC-ACP-28: whatever the rules and the request, one result. TS-0003 7.1.5"""
    seen = Counter()

    @settings(SOME, max_examples=3000)
    @given(st.lists(rules, max_size=4), requests)
    def check(given_rules, request):
        want = model.permits(given_rules, request)
        stored, _, answer = ask_rules(given_rules, request).rpartition(" ")
        assert stored.strip() == "stored"
        assert answer == ("1" if want else "0"), (given_rules, request)
        seen[want] += 1

    check()
    assert min(seen.values()) > 150, seen


UNREADABLE = [
    {"acop": 0}, {"acop": 64}, {"acop": "2"}, {"acor": []}, {"acor": "all"}, {"acaf": 1},
    {"acaf": None}, {"acaf": "true"}, {"x": 1}, {"acco": {}}, {"acco": []}, {"acco": [1]},
    {"acco": [{"x": 1}]}, {"acco": [{}, {"actw": []}]}, {"acco": [{"actw": "* * * * * * *"}]},
    {"acco": [{"actw": ["* * * * * *"]}]}, {"acco": [{"actw": [1]}]}, {"acco": [{"acip": {}}]},
    {"acco": [{"acip": {"ipv4": []}}]}, {"acco": [{"acip": {"ipv4": ["10.0.0.1/33"]}}]},
    {"acco": [{"acip": {"ipv4": ["::1"]}}]}, {"acco": [{"acip": {"ipv6": ["10.0.0.1"]}}]},
    {"acco": [{"acip": {"ipv4": ["10.0.0.1"], "x": 1}}]}, {"acco": [{"acip": ["10.0.0.1"]}]},
    {"acco": [{"aclr": {}}]}, {"acco": [{"aclr": {"accc": ["DE"], "accr": [0, 0, 1]}}]},
    {"acco": [{"aclr": {"accc": []}}]}, {"acco": [{"aclr": {"accc": ["de"]}}]},
    {"acco": [{"aclr": {"accc": ["DEU"]}}]}, {"acco": [{"aclr": {"accr": [0, 0]}}]},
    {"acco": [{"aclr": {"accr": [0, 0, 1, 1]}}]}, {"acco": [{"aclr": {"accr": [91, 0, 1]}}]},
    {"acco": [{"aclr": {"accr": [0, 0, -1]}}]}, {"acco": [{"aclr": {"accr": ["0", 0, 1]}}]},
    {"acod": []}, {"acod": [{}]}, {"acod": [{"chty": []}]}, {"acod": [{"chty": 3}]},
    {"acod": [{"chty": ["3"]}]}, {"acod": [{"chty": [0]}]}, {"acod": [{"chty": [65536 + 3]}]},
    {"acod": [{"ty": 3}]}, {"acod": [{"chty": [3], "ty": 0}]}, {"acod": [{"chty": [3], "x": 1}]},
    {"acod": [{"chty": [3], "spty": {}}]}, {"acod": [{"chty": [3], "spty": {"cnd": ""}}]},
    {"acod": [{"chty": [3], "spty": {"mgd": 0}}]}, {"acod": [{"chty": [3], "spty": "m"}]},
    {"acod": [{"chty": [3], "spty": {"mgd": 1001, "cnd": "x"}}]},
]


@pytest.mark.parametrize("broken", UNREADABLE, ids=repr)
def test_what_cannot_be_evaluated_never_grants(broken):
    """SEC-CTX-10 SEC-ACP-09: neither stored nor, if it were, of any effect; others still count"""
    request = model.Request(2, created=3, ip="10.0.0.1", country="DE", place=(0.0, 0.0))
    rule = {"acor": ["all"], "acop": 63, **broken}
    for given_rules, want in (([rule], "0"), ([rule, {"acor": ["all"], "acop": 2}], "1")):
        for privilege in (1, 2):
            request.privilege = privilege
            answer = ask_rules(given_rules, request)
            assert answer.startswith("refused"), answer
            assert answer[-1] == ("0" if privilege == 1 else want), answer

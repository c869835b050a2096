"""Contexts of access rules: when, from which address and from where a request comes.

The clock of the server is that of the machine, so time windows here are those around now and those
that are far from it; minutes and seconds to the point are in tests/cases/acp and tests/access.
spec: TS-0003 7.1.2, 7.1.3; TS-0004 6.3.5.27, 6.3.5.28, 7.4.9.1
"""

import re
import shutil
import signal
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib.clock import stamp
from lib.onem2m import Client
from lib.policy_model import distance
from lib.server import Server, eventually, run
from requests.adapters import HTTPAdapter

def rule(originators, operations=63, **more):
    return {"acor": list(originators), "acop": operations, **more}


def window(*texts):
    return {"actw": list(texts)}


def hours(first, last):
    """The hours from now + first to now + last, as the field of a schedule."""
    now = datetime.now(timezone.utc)
    return ",".join(str((now + timedelta(hours=h)).hour) for h in range(first, last + 1))


NOW = "* * * * * * *"


def not_now():
    return f"* * {hours(6, 18)} * * * *"


class Box:
    """A container of `ae` whose rules are changed by allow(), and looked at by `other`."""

    def __init__(self, admin, ae, name="box"):
        self.admin = admin
        self.path = f"{ae.path}/{name}"
        answer = admin.create("cse-in", "acp", pv={}, pvs={"acr": [rule(["CAdmin"])]})
        assert answer.rsc == 2001, answer
        self.acp = answer["ri"]
        assert ae.create(ae.path, "cnt", rn=name, acpi=[self.acp]).rsc == 2001

    def try_to_allow(self, *rules):
        return self.admin.update(self.acp, "acp", pv={"acr": list(rules)})

    def allow(self, *rules):
        answer = self.try_to_allow(*rules)
        assert answer.rsc == 2004, answer

    def admits(self, client, **more):
        answer = client.retrieve(self.path, **more)
        assert answer.rsc in (2000, 4103), answer
        return answer.rsc == 2000

    def under(self, client, *contexts):
        """Is the client admitted under these accessControlContexts?"""
        self.allow(rule(["all"], 2, acco=list(contexts)))
        return self.admits(client)


@pytest.fixture
def box(admin, ae):
    box = Box(admin, ae)
    yield box
    admin.delete(box.acp)


def made(server, *stems):
    """(administrator, clients) on a server of the test's own."""
    admin = Client(server.url)
    clients = []
    for stem in stems:
        client = admin.register(stem, name=stem.lower())
        client.stem, client.path = stem, f"cse-in/{stem.lower()}"
        clients.append(client)
    return admin, clients


# ---- time ----


def test_a_window_of_now_and_of_another_hour(box, other):
    """SEC-CTX-01"""
    assert box.under(other, window(NOW))
    assert box.under(other, window(f"* * {hours(-1, 1)} * * * *"))
    assert not box.under(other, window(not_now()))
    assert box.under(other, window("* * 0-23 1-31 1-12 0-6 2000-9999"))
    assert not box.under(other, window("* * * * * * 2000-2020"))
    assert not box.under(other, window("0 0 0 30 2 * *")), "there is no 30th of February"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "XYZ-13"])
def test_weekdays_are_those_of_utc(own, zone):
    """SEC-CTX-02: whatever the time zone of the host"""
    server = own(environment={"TZ": zone})
    admin, (ae, other) = made(server, "Cae", "Cother")
    box = Box(admin, ae)
    while True:
        before = datetime.now(timezone.utc).isoweekday() % 7
        admitted = [box.under(other, window(f"* * * * * {day} *")) for day in range(7)]
        working = box.under(other, window("* * * * * 1-5 *"))
        if datetime.now(timezone.utc).isoweekday() % 7 == before:
            break
    assert admitted == [day == before for day in range(7)]
    assert working == (1 <= before <= 5)


def test_every_field_counts(box, other):
    """SEC-CTX-02: day of the month and day of the week both, unlike cron"""
    while True:
        now = datetime.now(timezone.utc)
        day, weekday = now.day, now.isoweekday() % 7
        both = box.under(other, window(f"* * * {day} * {weekday} *"))
        only_day = box.under(other, window(f"* * * {day} * {(weekday + 3) % 7} *"))
        only_weekday = box.under(other, window(f"* * * {day % 28 + 1} * {weekday} *"))
        if datetime.now(timezone.utc).day == day:
            break
    assert both and not only_day and not only_weekday


@pytest.mark.parametrize("text", [
    NOW, "0-59 0-59 0-23 1-31 1-12 0-6 2000-9999", "*/5 */2 */3 */4 */5 */6 */7",
    "0,15,30,45 0-5,30-35/2 2,6,10 1,31 1-12/3 0,6 2000,2030-2040/5", "05 00 08 01 02 0 2026",
    "* 0-5 2,6,10 * * * *", "* * 0-23/2 * * * *"])
def test_the_syntax_of_schedules(box, text):
    """SEC-CTX-03: lists, ranges, steps"""
    box.allow(rule(["all"], 2, acco=[window(text)]))


BAD_SCHEDULES = [
    "* * * * * *", "* * * * * * * *", "", " ", "*", "60 * * * * * *", "* 60 * * * * *",
    "* * 24 * * * *", "* * * 0 * * *", "* * * 32 * * *", "* * * * 0 * *", "* * * * 13 * *",
    "* * * * * 7 *", "* * * * * * 1999", "* * * * * * 10000", "*/0 * * * * * *", "0-5/0 * * * * * *",
    "5/2 * * * * * *", "5-3 * * * * * *", "-5 * * * * * *", "5- * * * * * *", ", * * * * * *",
    "1, * * * * * *", "*,1 * * * * * *", "** * * * * * *", "a * * * * * *", "*  * * * * * *",
    " * * * * * * *", "* * * * * * * ", "*\t* * * * * *", "+1 * * * * * *", "1.0 * * * * * *",
    "* * * * * MON *", "L * * * * * *", "@daily", 5, None, ["* * * * * * *"],
    "0" + ",0" * 600 + " * * * * * *"]


@pytest.mark.parametrize("text", BAD_SCHEDULES, ids=lambda t: repr(t)[:30])
@pytest.mark.parametrize("where", ["pv", "pvs"])
def test_what_is_no_schedule(admin, ae, box, where, text):
    """SEC-CTX-03: 4000 at CREATE and at UPDATE, and nothing is stored"""
    content = {"pv": {"acr": [rule(["CAdmin"])]}, "pvs": {"acr": [rule(["CAdmin"])]}}
    content[where]["acr"].append(rule(["CAdmin"], 2, acco=[window(NOW, text)]))
    assert admin.create(ae.path, "acp", rn="p", **content).rsc == 4000
    assert admin.retrieve(f"{ae.path}/p").rsc == 4004
    before = admin.retrieve(box.acp).res
    assert admin.update(box.acp, "acp", **{where: content[where]}).rsc == 4000
    assert admin.retrieve(box.acp).res == before


def test_windows_of_one_context_are_alternatives(box, other):
    """SEC-CTX-04"""
    assert box.under(other, window(not_now(), NOW))
    assert box.under(other, window(NOW, not_now()))
    assert not box.under(other, window(not_now(), "* * * * * * 2000"))


# ---- addresses ----


def v4(*ranges):
    return {"acip": {"ipv4": list(ranges)}}


def v6(*ranges):
    return {"acip": {"ipv6": list(ranges)}}


@pytest.mark.parametrize("context, admits", [
    (v4("127.0.0.1"), True), (v4("127.0.0.1/32"), True), (v4("127.0.0.0/24"), True),
    (v4("127.0.0.77/24"), True), (v4("127.0.0.0/8"), True), (v4("0.0.0.0/0"), True),
    (v4("10.0.0.0/8", "127.0.0.1"), True), (v4("127.0.0.0/31"), True), (v4("127.0.0.2/31"), False),
    (v4("127.0.0.0"), False), (v4("127.0.0.2"), False), (v4("127.0.1.0/24"), False),
    (v4("128.0.0.0/1"), False), (v6("::1"), False), (v6("::/0"), False),
    (v6("::ffff:127.0.0.1"), True), (v6("::ffff:127.0.0.0/104"), True),
    (v6("::ffff:10.0.0.0/104"), False),
    ({"acip": {"ipv4": ["10.0.0.1"], "ipv6": ["::1"]}}, False),
    ({"acip": {"ipv4": ["127.0.0.1"], "ipv6": ["2001:db8::/32"]}}, True)], ids=repr)
def test_addresses(box, other, context, admits):
    """SEC-CTX-05 spec: RFC 4632"""
    assert box.under(other, context) == admits


@pytest.mark.parametrize("context, admits", [
    (v6("::1"), True), (v6("::1/128"), True), (v6("::/64"), True), (v6("::/0"), True),
    (v6("0:0:0:0::/64"), True), (v6("::2"), False), (v6("2001:db8::/64"), False),
    (v6("8000::/1"), False), (v4("127.0.0.1"), False), (v4("0.0.0.0/0"), False)], ids=repr)
def test_addresses_of_version_6(own, context, admits):
    """SEC-CTX-05 spec: RFC 5952"""
    admin, (ae, other) = made(own(listen=("http://[::1]:0",), store="mem"), "Cae", "Cother")
    assert Box(admin, ae).under(other, context) == admits


@pytest.mark.parametrize("context", [
    v4("10.0.0.1/33"), v4("10.0.0.1/-1"), v4("10.0.0.1/"), v4("10.0.0.1/08"), v4("10.0.0"),
    v4("10.0.0.256"), v4("10.0.0.01"), v4("010.0.0.1"), v4("10.0.0.0/255.0.0.0"), v4(""), v4("::1"),
    v4("localhost"), v4("10.0.0.1 "), v4("10.0.0.*"), v4(1), v4(None), v6("::1/129"), v6("10.0.0.1"),
    v6("1::2::3"), v6("fe80::1%lo"), v6("12345::"), v6(":::"), v6("[::1]"), v6("::ffff:10.0.0.1/95"),
    {"acip": {}}, {"acip": {"ipv4": []}}, {"acip": {"ipv6": []}}, {"acip": None},
    {"acip": ["127.0.0.1"]}, {"acip": {"ipv5": ["127.0.0.1"]}}, {"acip": {"ipv4": "127.0.0.1"}}],
    ids=repr)
def test_what_is_no_address(admin, ae, box, other, context):
    """SEC-CTX-05: 4000 at CREATE and at UPDATE; the rules before stay"""
    box.allow(rule([other.stem], 2))
    assert box.try_to_allow(rule(["all"], 2, acco=[context])).rsc == 4000
    assert box.admits(other)
    pv = {"acr": [rule(["all"], 2, acco=[context])]}
    assert admin.create(ae.path, "acp", rn="p", pv=pv, pvs={"acr": [rule(["all"])]}).rsc == 4000


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP",
                                    "X-Client-IP", "CF-Connecting-IP", "Via"])
def test_headers_do_not_change_the_address(box, other, header):
    """SEC-CTX-12: only the packets tell it"""
    value = "for=10.0.0.1" if header == "Forwarded" else "10.0.0.1"
    box.allow(rule(["all"], 2, acco=[v4("10.0.0.0/8")]))
    assert not box.admits(other, headers={header: value})
    box.allow(rule(["all"], 2, acco=[v4("127.0.0.1")]))
    assert box.admits(other, headers={header: value})


# ---- parts together ----


def test_parts_of_a_context_are_all_needed(box, other):
    """SEC-CTX-07"""
    here, elsewhere = v4("127.0.0.1"), v4("10.0.0.1")
    assert box.under(other, {**window(NOW), **here})
    assert not box.under(other, {**window(not_now()), **here})
    assert not box.under(other, {**window(NOW), **elsewhere})
    assert not box.under(other, {**window(not_now()), **elsewhere})


def test_contexts_of_a_rule_are_alternatives(box, other):
    """SEC-CTX-07"""
    here, elsewhere = v4("127.0.0.1"), v4("10.0.0.1")
    assert box.under(other, window(not_now()), here)
    assert box.under(other, window(NOW), elsewhere)
    assert not box.under(other, window(not_now()), elsewhere)
    assert box.under(other, window(not_now()), {}), "an element without parts restricts nothing"
    assert not box.under(other, {**window(NOW), **elsewhere}, {**window(not_now()), **here})


def test_contexts_do_not_reach_beyond_their_rule(box, other):
    """SEC-CTX-07: each rule by itself"""
    box.allow(rule([other.stem], 63, acco=[window(not_now())]), rule([other.stem], 2))
    assert box.admits(other)
    assert other.update(box.path, "cnt", lbl=["x"]).rsc == 4103
    box.allow(rule(["Cnobody"], 63, acco=[window(NOW)]), rule([other.stem], 63, acco=[v4("10.0.0.1")]))
    assert not box.admits(other)


@pytest.mark.parametrize("acco", [[], None, {}, "x", [1], [None], [[]], [{"x": 1}],
                                  [{"actw": []}], [{"actw": NOW}], [{"actw": None}],
                                  [window(NOW), {"aclr": None}]], ids=repr)
def test_what_is_no_context(box, acco):
    """spec: TS-0004 6.3.5.27: a list that says nothing is refused too"""
    assert box.try_to_allow(rule(["all"], 2, acco=acco)).rsc == 4000


def test_contexts_in_self_privileges(admin, ae, other):
    """SEC-CTX-13: they count there as well, for the policy and for changes of acpi"""
    def policy(context):
        return {"pv": {}, "pvs": {"acr": [rule(["CAdmin"]),
                                          rule([other.stem], 63, acco=[context])]}}

    for context, good in ((v4("127.0.0.1"), True), (v4("10.0.0.1"), False),
                          (window(NOW), True), (window(not_now()), False)):
        acp = admin.create("cse-in", "acp", **policy(context))["ri"]
        assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
        assert other.retrieve(acp).rsc == (2000 if good else 4103)
        assert other.update(f"{ae.path}/c", "cnt", acpi=None).rsc == (2004 if good else 4103)
        assert other.delete(acp).rsc == (2002 if good else 4103)
        assert admin.delete(f"{ae.path}/c").rsc == 2002
        admin.delete(acp)


def test_contexts_count_in_every_decision(admin, ae, other, box):
    """SEC-CTX-13: discovery, children, notification targets, members of groups"""
    good, bad = [v4("127.0.0.1")], [v4("10.0.0.1")]
    assert ae.create(ae.path, "grp", rn="g", mnm=2, mid=[box.path], acpi=[box.acp]).rsc == 2001
    assert admin.update(box.path, "cnt", lbl=[f"of-{ae.stem}"]).rsc == 2004
    for contexts, admitted in ((good, True), (bad, False), (good, True)):
        box.allow(rule([other.stem], 63, acco=contexts))
        assert (other.discover("cse-in", lbl=f"of-{ae.stem}") == [box.path]) == admitted
        answer = other.retrieve(f"{ae.path}/g/fopt")
        assert answer.rsc == (2000 if admitted else 4103)
        assert not admitted or answer.pc["m2m:agr"]["m2m:rsp"][0]["rsc"] == 2000
        assert other.create(box.path, "cnt").rsc == (2001 if admitted else 4103)


def test_a_change_of_contexts_counts_at_once(box, other):
    """SEC-ACP-39: rules that were read before are not kept beyond their change"""
    for turn in range(30):
        context = [v4("127.0.0.1"), v4("10.0.0.1"), window(not_now())][turn % 3]
        assert box.under(other, context) == (turn % 3 == 0)
        assert box.admits(other) == (turn % 3 == 0)


def test_a_delayed_request_keeps_its_arrival(box, ae, other):
    """SEC-CTX-11: rq_time is when the request arrived. spec: TS-0003 table 7.1.2-2"""
    while datetime.now(timezone.utc).second > 50:  # the window below must hold its seconds
        assert box.admits(ae) in (True, False)
    now = datetime.now(timezone.utc)
    last = now.second + 3
    box.allow(rule([other.stem], 2, acco=[window(f"{now.second}-{last} {now.minute} * * * * *")]))
    answer = other.retrieve(box.path, headers={"X-M2M-OET": stamp(last + 1.5 - now.second)})
    assert answer.rsc == 2000, "carried out after the window, arrived within"
    assert not box.admits(other), "arrived after it"


# ---- places ----

BERLIN, PARIS, DATE_LINE = (52.52, 13.405), (48.8566, 2.3522), (-16.5, 179.99)
PLACES = f"""# the networks of the test
127.0.0.0/8   {BERLIN[0]} {BERLIN[1]} DE
127.0.0.9     - - DE
127.0.1.0/24  {PARIS[0]} {PARIS[1]} FR
127.0.2.0/24  {DATE_LINE[0]} {DATE_LINE[1]} FJ
127.0.3.0/24  1 1 -
"""


def circle(place, radius):
    return {"aclr": {"accr": [place[0], place[1], radius]}}


def countries(*codes):
    return {"aclr": {"accc": list(codes)}}


@pytest.fixture(scope="module")
def located(tmp_path_factory):
    """under(address, context): is a client admitted that comes from the address?"""
    folder = tmp_path_factory.mktemp("places")
    (folder / "places").write_text(PLACES)

    class From(HTTPAdapter):
        """Connections from an address of ours."""

        def __init__(self, address):
            self.address = address
            super().__init__()

        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)

    with Server(folder / "data", "--locations", str(folder / "places"), store="mem") as server:
        admin, (ae, other) = made(server, "Cae", "Cother")
        box = Box(admin, ae)

        def under(address, *contexts):
            client = Client(server.url, other.stem)
            client.session.mount("http://", From(address))
            return box.under(client, *contexts)

        under.box, under.other = box, other
        yield under


@pytest.mark.parametrize("address, context, admits", [
    ("127.0.0.1", circle(BERLIN, 0), True), ("127.0.0.1", circle(BERLIN, 1000), True),
    ("127.0.0.1", circle(PARIS, 1000), False), ("127.0.1.1", circle(PARIS, 1000), True),
    ("127.0.1.1", circle(BERLIN, 870000), False), ("127.0.1.1", circle(BERLIN, 880000), True),
    ("127.0.0.1", circle((0, 0), 20100000), True), ("127.0.0.9", circle(BERLIN, 20100000), False),
    ("127.0.2.1", circle((-16.5, -179.99), 3000), True),
    ("127.0.2.1", circle((-16.5, -179.99), 2000), False),
    ("127.0.2.1", circle((-16.5, -180), 1100), True), ("127.0.2.1", circle((-16.5, 180), 1100), True),
    ("127.0.2.1", circle((-16.5, 0), 16000000), False)], ids=repr)
def test_circles(located, address, context, admits):
    """SEC-CTX-08: inside, outside, where nothing is known, and across 180 degrees"""
    assert located(address, context) == admits


def test_the_edge_of_a_circle_is_inside(located):
    """SEC-CTX-08"""
    far = distance(BERLIN, PARIS)
    assert located("127.0.1.1", circle(BERLIN, far))
    assert not located("127.0.1.1", circle(BERLIN, far - 0.01))


@pytest.mark.parametrize("address, context, admits", [
    ("127.0.0.1", countries("DE"), True), ("127.0.0.1", countries("FR", "DE"), True),
    ("127.0.0.1", countries("FR"), False), ("127.0.0.9", countries("DE"), True),
    ("127.0.1.1", countries("DE"), False), ("127.0.1.1", countries("FR"), True),
    ("127.0.3.1", countries("DE", "FR", "FJ"), False), ("127.0.2.1", countries("FJ"), True)],
    ids=repr)
def test_countries(located, address, context, admits):
    """SEC-CTX-09"""
    assert located(address, context) == admits


def test_a_place_with_an_address_and_a_window(located):
    """SEC-CTX-07 SEC-CTX-08"""
    assert located("127.0.1.1", {**countries("FR"), **v4("127.0.1.0/24"), **window(NOW)})
    assert not located("127.0.1.1", {**countries("FR"), **v4("127.0.0.0/24"), **window(NOW)})
    assert located("127.0.1.1", {**countries("DE"), **window(NOW)}, circle(PARIS, 5))


@pytest.mark.parametrize("context", [circle((0, 0), 20100000), countries("DE", "ZZ")], ids=repr)
def test_without_a_table_nobody_is_anywhere(box, other, context):
    """SEC-CTX-08 SEC-CTX-09: an unknown location matches no region"""
    assert not box.under(other, context)
    box.allow(rule(["all"], 2, acco=[context]), rule([other.stem], 2))
    assert box.admits(other), "other rules still count"


@pytest.mark.parametrize("region", [
    {}, {"accc": ["DE"], "accr": [0, 0, 1]}, {"accc": []}, {"accc": ["de"]}, {"accc": ["DEU"]},
    {"accc": ["D"]}, {"accc": "DE"}, {"accc": [1]}, {"accr": []}, {"accr": [0, 0]},
    {"accr": [0, 0, 1, 1]}, {"accr": [90.5, 0, 1]}, {"accr": [-91, 0, 1]}, {"accr": [0, 180.5, 1]},
    {"accr": [0, -181, 1]}, {"accr": [0, 0, -1]}, {"accr": ["0", 0, 1]}, {"accr": [None, 0, 1]},
    {"accr": {"0": 0}}, {"x": 1}, None, [], "DE"], ids=repr)
def test_what_is_no_region(box, region):
    """SEC-CTX-10: exactly one of the two, within its bounds"""
    assert box.try_to_allow(rule(["all"], 2, acco=[{"aclr": region}])).rsc == 4000


@pytest.mark.parametrize("text, fault", [
    ("10.0.0.0/8 1 2", ":1: a line is"), ("\n10.0.0.0/33 - - DE", ":2:"), ("x - - DE", ":1:"),
    ("10.0.0.0/8 - - DE\n10.1.1.1/8 - - FR", ":2: this prefix"), (None, "No such file")])
def test_a_table_with_a_fault_stops_the_start(tmp_path, text, fault):
    """The server does not begin with less than it was told; docs/guide/operate.md"""
    if text is not None:
        (tmp_path / "places").write_text(text)
    for more in ((), ("--check-config",)):
        done = run("cse", "--data", str(tmp_path / "data"), "--listen", "http://127.0.0.1:0",
                   "--locations", str(tmp_path / "places"), *more)
        assert done.returncode == 2 and fault in done.stderr, done


def test_a_table_is_read_again(own):
    """SEC-CTX-08 SEC-CTX-09: on SIGHUP, for the next decision; one with a fault changes nothing"""
    folder = Path(tempfile.mkdtemp(prefix="merlon-places-"))
    try:
        folder.chmod(0o755)  # the server's user reads it then
        places = folder / "places"
        places.write_text("127.0.0.0/8 - - DE")
        server = own("--locations", str(places), store="mem")
        admin, (ae, other) = made(server, "Cae", "Cother")
        box = Box(admin, ae)
        assert box.under(other, countries("DE")) and not box.under(other, countries("FR"))
        for text, told, is_french in (("127.0.0.0/8 1 1 FR", "locations are reloaded", True),
                                      ("127.0.0.0/8 - - DE\nx", f"locations stay as they were: .*{places}:2: ", True),
                                      (None, f"locations stay as they were: .*{places}: No such file", True),
                                      ("127.0.0.0/8 - - DE", "locations are reloaded", False)):
            before = len(server.log())
            if text:
                places.write_text(text)
            else:
                places.unlink()
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: re.search(told, server.log()[before:]), what=told)  # pylint: disable=cell-var-from-loop
            assert box.under(other, countries("FR")) == is_french, text
            assert box.under(other, circle((1, 1), 10)) == is_french, text
    finally:
        shutil.rmtree(folder)


def test_contexts_are_kept_as_they_came(admin, ae):
    """SEC-ACP-02: RETRIEVE gives all of them back"""
    rules = [rule(["all"], 2, acaf=True,
                  acco=[{**window(NOW, "0 0 0 1 1 * *"), **v4("10.0.0.1/8"),
                         **circle((1.5, -2), 3.25)}, countries("DE"), v6("::1")],
                  acod=[{"chty": [3, 4], "ty": 2}, {"chty": [23]}])]
    answer = admin.create(ae.path, "acp", rn="p", pv={"acr": rules}, pvs={"acr": [rule(["all"])]})
    assert answer.rsc == 2001, answer
    assert admin.retrieve(f"{ae.path}/p")["pv"] == {"acr": rules}


def test_the_number_of_constraints_is_bounded(own):
    """SEC-DEC-12: what a decision may have to look at"""
    admin, (ae, other) = made(own("--limit", "acp_constraints=10", store="mem"), "Cae", "Cother")
    box = Box(admin, ae)
    box.allow(rule(["all"], 2, acco=[window(*[not_now()] * 8, NOW)]))
    assert box.admits(other)
    for contexts in ([window(*[NOW] * 10)], [{}] * 11, [v4(*["127.0.0.1"] * 10)],
                     [countries(*["DE"] * 10)], [window(*[NOW] * 4), v4(*["127.0.0.1"] * 5)]):
        assert box.try_to_allow(rule(["all"], 2, acco=contexts)).rsc == 4000
    answer = box.try_to_allow(rule(["all"], 1, acod=[{"chty": [3] * 11}]))
    assert answer.rsc == 4000 and box.admits(other)

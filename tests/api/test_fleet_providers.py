"""Two service providers, each with an IN and an MN of the same CSE-IDs: Mcc' between the INs (lib/fleet.py).

spec: TS-0001 6.5; TS-0004 7.3.2.6, 7.3.2.8; docs/decisions/0034
"""

import subprocess

import pytest
from lib.fleet import Fleet, remote_cse
from lib.onem2m import grant
from lib.receiver import Receiver
from lib.server import binary, eventually

ONE, TWO = "//one.example", "//two.example"


class Providers:
    """Fleets by name of the service provider. "three" is known to "two" only."""

    def __init__(self, folder):
        self.made = {sp: Fleet(folder / sp, names=("in", "mn1") if sp != "three" else ("in",)) for sp in
                     ("one", "two", "three")}
        for sp, peers in (("one", ["two"]), ("two", ["one", "three"]), ("three", ["two"])):
            words = ["--sp-id", f"//{sp}.example"]
            self.made[sp].more = {"in": [*words, *(word for peer in peers for word in self.peer(peer))], "mn1": words}

    def peer(self, sp):
        return "--peer", f"//{sp}.example/in={self.made[sp].url('in')}"

    def __enter__(self):
        for fleet in self.made.values():
            fleet.__enter__()
            fleet.aes = fleet.add_aes()
        return self.made

    def __exit__(self, *how):
        for fleet in self.made.values():
            fleet.__exit__(*how)


@pytest.fixture(scope="module")
def providers(tmp_path_factory):
    with Providers(tmp_path_factory.mktemp("providers")) as made:
        yield made


@pytest.mark.parametrize("here", ["in", "mn1"])
@pytest.mark.parametrize("there", ["in", "mn1"])
def test_each_reaches_each(providers, here, there):
    """TS-0004 7.3.2.6: all operations from each CSE to each of the other service provider; From is absolute there"""
    ae = providers["one"].aes[here]
    target = f"{TWO}/{there}/base/ae/open"
    made = ae.create(target, "cnt", rn=f"from-{here}", cr=None)
    assert made.rsc == 2001 and made["cr"] == f"{ONE}/{here}/Cae", made
    assert made.headers["Content-Location"] == f"/_/two.example/{there}/base/ae/open/from-{here}"
    target += f"/from-{here}"
    assert ae.create(target, "cin", con="hello").rsc == 2001
    assert ae.retrieve(f"{target}/la")["con"] == "hello"
    assert ae.update(target, "cnt", lbl=["x"]).rsc == 2004
    assert ae.retrieve(f"{target}/none").rsc == 4004
    assert ae.delete(target).rsc == 2002


def test_policies_name_it_absolutely(providers):
    """SEC-ACP-12: the AE of the other service provider, and not one of the same name here"""
    admin = providers["two"].client("mn1")
    acp = grant(admin, ([f"{ONE}/mn1/Cae"], 63), parent="base")
    assert admin.As("Cae").create("base/ae", "cnt", rn="abroad", acpi=[acp]).rsc == 2001
    to = f"{TWO}/mn1/base/ae/abroad"
    assert providers["one"].aes["mn1"].retrieve(to).rsc == 2000
    assert providers["one"].aes["in"].retrieve(to).rsc == 4103
    assert providers["two"].aes["in"].retrieve(to).rsc == 4103
    assert admin.delete("base/ae/abroad").rsc == 2002


def test_no_way(providers):
    """4004 by the IN-CSE: no such service provider, no such CSE there; nothing goes through a third one"""
    for name in ("in", "mn1"):
        ae = providers["one"].aes[name]
        assert ae.retrieve("//four.example/in/base").rsc == 4004
        assert ae.retrieve("//three.example/in/base/ae/open").rsc == 4004, "only two knows three"
        assert ae.retrieve(f"{TWO}/nowhere/base").rsc == 4004
    through = providers["two"].client("in", f"{ONE}/in/Cae")
    assert through.retrieve("//three.example/in/base/ae/open").rsc == 4004, "TS-0001 6.5.2: entry to its own domain"
    assert through.retrieve(f"{ONE}/in/base/ae/open").rsc == 4004, "nor back"
    assert providers["two"].aes["in"].retrieve("//three.example/in/base/ae/open").rsc == 2000


def test_whom_the_peer_may_name(providers):
    """A peer's originators are of its service provider, written absolutely"""
    two = providers["two"]
    for name, code in ((f"{ONE}/in/Cae", 2000), (f"{ONE}/other/Cx", 2000), ("//four.example/in/Cae", 4000),
                       (f"{TWO}/in/Cae", 4000), ("/elsewhere/Cae", 4000), ("//four.example/in", 4107)):
        assert two.client("in", name).retrieve("base/ae/open").rsc == code, name


def test_registration_is_by_agreement(providers):
    """TS-0001 6.5.4: IN-CSEs of service providers that are known"""
    two = providers["two"].client("in", "//four.example/in")
    assert two.create("base", "csr", **remote_cse("in")).rsc in (4103, 4107)
    assert providers["two"].client("in", f"{ONE}/mn1").create("base", "csr", **remote_cse("mn1")).rsc == 4103


def test_by_registration(tmp_path):
    """TS-0001 6.5.4, 10.2.2.7: a peer without a point of access in the settings is reached by its <remoteCSE>"""
    fleet = Fleet(tmp_path, names=("in",), options={"in": ("--peer", f"{TWO}/in=")})
    with fleet, Receiver() as peer:
        ae = fleet.add_aes()["in"]
        assert ae.retrieve(f"{TWO}/mn1/base").rsc == 5103
        made = fleet.client("in", f"{TWO}/in").create("base", "csr", rn="two", **remote_cse("in", poa=[peer.url]))
        assert made.rsc == 2001 and made["csi"] == f"{TWO}/in", made
        assert ae.retrieve(f"{TWO}/mn1/base").rsc == 2000
        seen = peer.next()
        assert seen.path == "/_/two.example/mn1/base"
        assert seen.headers["X-M2M-Origin"] == "//merlon.example/in/Cae"
        assert fleet.client("in", f"{TWO}/in").delete("base/two").rsc == 2002


def test_groups(providers):
    """Members at the other service provider; their types are asked for in our absolute name"""
    ae = providers["one"].aes["mn1"]
    members = [f"{TWO}/in/base/ae/open", f"{TWO}/mn1/base/ae/open", "/in/base/ae/open", "base/ae/open"]
    made = ae.create("base/ae", "grp", rn="g", mnm=9, mt=3, mid=members)
    assert made["mid"] == members, made
    answers = ae.create("base/ae/g/fopt", "cin", con="x").pc["m2m:agr"]["m2m:rsp"]
    assert [(one["fr"], one["rsc"]) for one in answers] == [(member, 2001) for member in members]
    assert ae.delete("base/ae/g").rsc == 2002


def test_subscriptions_stay_at_home(providers):
    """Not built: a reference to the subscription would have to be absolute in each notification"""
    made = providers["two"].aes["mn1"].create("base/ae/open", "sub", nu=[f"{ONE}/mn1/base/ae"], enc={"net": [3]})
    assert made.rsc == 5001, made


def test_results_for_later(providers):
    """Non-blocking at the first CSE"""
    ae = providers["one"].aes["mn1"]
    accepted = ae.request("GET", f"{TWO}/mn1/base/ae/open", query={"rt": 1})
    assert accepted.rsc == 1001, accepted
    to = accepted.pc["m2m:uri"]
    eventually(lambda: ae.retrieve(to)["rs"] == 1, 20, "the result")
    assert ae.retrieve(to)["ors"]["pc"]["m2m:cnt"]["rn"] == "open"


def test_a_peer_that_crashes(tmp_path):
    """kill -9: 5103 while it is away, and the way is there when it is"""
    with Providers(tmp_path) as made:
        ae = made["one"].aes["mn1"]
        made["two"].kill("in")
        assert ae.retrieve(f"{TWO}/in/base/ae/open").rsc == 5103
        made["two"].start("in")
        assert ae.retrieve(f"{TWO}/in/base/ae/open").rsc == 2000


@pytest.mark.parametrize("words", [
    ("--peer", "//two.example/in=http://x", "--cse-type", "mn"), ("--peer", "/in=http://x"),
    ("--peer", "//two.example=x"), ("--peer", "//two.example/in"), ("--peer", "//two.example/in=gopher://x"),
    ("--peer", "//merlon.example/other="),
    ("--peer", "//two.example/in=", "--peer", "//TWO.example/other="),
    ("--peer", "//two.example/in=http://x,credential=12-k@x.example")])
def test_settings_that_do_not_fit(words, tmp_path):
    """Told at the start, and by --check-config"""
    for more in ((), ("--check-config",)):
        done = subprocess.run([binary(), "cse", "--store", "mem", "--data", str(tmp_path), "--listen",
                               "http://127.0.0.1:0", *words, *more], capture_output=True, text=True, timeout=30,
                              check=False)
        assert done.returncode != 0 and "peer" in done.stderr, done

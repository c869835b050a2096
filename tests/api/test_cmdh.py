"""CMDH policies applied to requests that a real server passes on. spec: TS-0004 annex H, D.12; TS-0001 D.12

What takes longer than a test, and what waits together, is tested with a clock of its own: src/cse/remote/cmdh_test.c.
"""

import datetime
import time

import pytest
from lib.cmdh import NEVER, provision
from lib.onem2m import Client, timestamp
from lib.receiver import Receiver
from lib.server import Server


@pytest.fixture(name="cse")
def fixture_cse(tmp_path):
    with Server(tmp_path / "mn", "--cse-id", "/mn", "--cse-name", "base", "--cse-type", "mn") as server:
        yield server


@pytest.fixture(name="admin")
def fixture_admin(cse):
    return Client(cse.url, "CAdmin")


@pytest.fixture(name="ae")
def fixture_ae(admin):
    ae = admin.As("Cae")
    assert ae.create("base", "ae", api="Nexample", rr=False, srv=["3"], rn="ae").rsc == 2001
    return ae


@pytest.fixture(name="far")
def fixture_far(cse):
    """Another CSE, which the test plays."""
    with Receiver() as far:
        assert Client(cse.url, "/far").create("base", "csr", cb="/far/base", rr=True, srv=["3"],
                                              poa=[far.url]).rsc == 2001
        yield far


def seconds_from_now(text):
    at = datetime.datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=datetime.timezone.utc)
    return at.timestamp() - time.time()


def test_what_is_filled_in(admin, ae, far):
    """H.2.3 1: by the App-ID; times count from the Originating Timestamp; bestEffort has no end"""
    assert ae.retrieve("/far/base").rsc == 2000
    assert "X-M2M-EC" not in far.next().headers, "no policy is active"
    provision(admin)
    assert ae.retrieve("/far/base").rsc == 2000
    seen = far.next().headers
    assert seen["X-M2M-EC"] == "100"
    assert 10 < seconds_from_now(seen["X-M2M-RET"]) <= 20 < seconds_from_now(seen["X-M2M-RST"]) <= 40
    assert "X-M2M-OET" not in seen and abs(seconds_from_now(seen["X-M2M-OT"])) < 20
    assert ae.retrieve("/far/base", headers={"X-M2M-EC": "3", "X-M2M-OT": timestamp(-5)}).rsc == 2000
    seen = far.next().headers
    assert seen["X-M2M-EC"] == "3" and "X-M2M-RET" not in seen
    assert ae.retrieve("/far/base", headers={"X-M2M-EC": "2", "X-M2M-RET": "30000"}).rsc == 2000
    seen = far.next().headers
    assert seen["X-M2M-EC"] == "2" and "X-M2M-RST" not in seen


def test_what_is_refused(admin, ae, far):
    """H.2.3 2 and 3, 7.3.2.1: 4000 for what may not use a category, or the network in time; but what is immediate"""
    provision(admin, NEVER)
    answer = ae.retrieve("/far/base", headers={"X-M2M-EC": "101"})
    assert answer.rsc == 4000 and "Event Category" in answer.debug
    answer = ae.retrieve("/far/base")
    assert answer.rsc == 4000 and "network" in answer.debug
    far.nothing(0.1)
    assert ae.retrieve("/far/base", headers={"X-M2M-EC": "2"}).rsc == 2000
    assert ae.retrieve("base/ae").rsc == 2000, "nobody is asked to forward it"


def test_waiting_for_the_network(admin, ae, far):
    """H.2.4: it is passed on when the schedule opens; what has no room in the buffer is refused"""
    provision(admin, NEVER)
    now = datetime.datetime.now(datetime.timezone.utc)
    seconds = ",".join(str((now.second + 2 + i) % 60) for i in range(30))
    assert admin.update("base/n/s", "sch", se={"sce": [f"{seconds} * * * * * *"]}).rsc == 2004
    assert ae.retrieve("/far/base", headers={"X-M2M-EC": "3"}).rsc == 2000
    assert far.next().headers["X-M2M-EC"] == "3"
    assert admin.update("base/n/s", "sch", se={"sce": [f"* * {(now.hour + 12) % 24} * * * *"]}).rsc == 2004
    answer = ae.create("/far/base", "cnt", lbl=["x" * 4000], headers={"X-M2M-EC": "3"})
    assert answer.rsc == 4000 and "buffer" in answer.debug
    far.nothing(0.1)


def test_backing_off(admin, ae, cse):
    """D.12.7: what was not sent is tried again after a pause, and passed on when the CSE is there"""
    with Receiver() as far:
        url = far.url
    csr = Client(cse.url, "/far")
    assert csr.create("base", "csr", cb="/far/base", rr=True, srv=["3"], poa=[url]).rsc == 2001
    provision(admin)
    begun = time.monotonic()
    assert ae.retrieve("/far/base", headers={"X-M2M-RET": "1500"}).rsc in (4008, 5103)
    assert time.monotonic() - begun >= 0.3, "it was not given up at once"


def test_survives_a_restart(admin, ae, far, cse):
    """What is active is stored with the resources"""
    provision(admin, NEVER)
    cse.kill()
    cse.start()
    far_ae = Client(cse.url, "Cae")
    assert far_ae.retrieve("/far/base").rsc == 4000
    assert Client(cse.url, "CAdmin").delete("base/n/a").rsc == 2002
    assert far_ae.retrieve("/far/base").rsc == 2000

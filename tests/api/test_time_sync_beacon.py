"""<timeSyncBeacon>: the time of the CSE, told again and again.

spec: TS-0001 of Release 4; docs/decisions/0043-instances-of-flexcontainers.md
"""

from datetime import datetime, timezone

import pytest
from lib.fleet import remote_cse
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver
from lib.server import eventually


@pytest.fixture
def server(own):
    return own("--verify-subscriptions", "none", "--limit", "beacon_ms=100")


@pytest.fixture
def client(server):
    return Client(server.url)


def age(text):
    """Seconds since a timestamp."""
    then = datetime.strptime(text, "%Y%m%dT%H%M%S,%f").replace(tzinfo=timezone.utc)
    return (datetime.now(timezone.utc) - then).total_seconds()


def beacon(receiver):
    return receiver.next().pc["m2m:tsbn"]


def test_told_again_and_again(client, receiver):
    made = client.create("cse-in", "tsb", rn="clock", bcnu=[receiver.url], bcnc=1, bcni="PT0.2S")
    assert made.rsc == 2001, made
    first, second, third = (beacon(receiver) for _ in range(3))
    assert first["tbr"] == f"/id-in/{made['ri']}"
    assert first["ctm"] < second["ctm"] < third["ctm"]
    assert -1 < age(third["ctm"]) < 20
    # another interval takes effect at once, and none is an hour
    assert client.update("cse-in/clock", "tsb", bcni="PT1H").rsc == 2004
    assert "bcni" not in client.update("cse-in/clock", "tsb", bcni=None).res
    assert client.update("cse-in/clock", "tsb", bcni="PT0.2S").rsc == 2004
    while beacon(receiver)["ctm"] <= third["ctm"]:
        pass
    assert client.delete("cse-in/clock").rsc == 2002


def test_in_xml(client, receiver):
    """The receiver of the tests holds it against the XSD."""
    assert client.create("cse-in", "tsb", bcnu=[f"{receiver.url}?ct=xml"], bcnc=1, bcni="PT0.2S").rsc == 2001
    told = receiver.next()
    assert told.headers["Content-Type"].endswith("xml") and told.pc["m2m:tsbn"]["tbr"]


def test_an_ae_is_told(server, client, receiver):
    """Where it is reached, and only with the privilege to notify it."""
    client.register("Cclock", name="clock", poa=[receiver.url])
    mine = client.As("Cclock").create("Cclock", "tsb", bcnu=["Cclock"], bcnc=1, bcni="PT0.2S")
    assert mine.rsc == 2001, mine
    assert beacon(receiver)["tbr"].endswith(mine["ri"])
    client.register("Cother", name="other")
    acp = grant(client, (["Cclock"], 63))
    refused = client.As("Cclock").create("Cclock", "tsb", bcnu=["Cother"], bcnc=1)
    assert refused.rsc == 4101, refused
    assert client.update("cse-in/other", "ae", acpi=[acp]).rsc == 2004
    assert client.As("Cclock").create("Cclock", "tsb", bcnu=["Cother"], bcnc=1).rsc == 2001


@pytest.mark.parametrize("wrong,rsc", [
    ({"bcnu": []}, 4000), ({"bcnu": None}, 4000), ({"bcnu": ["cse-in"]}, 4000), ({"bcnu": ["Cnobody"]}, 4000),
    ({"bcnc": None}, 4000), ({"bcnc": 3}, 4000), ({"bcnc": 2}, 5001), ({"bcni": "PT0S"}, 4000),
    ({"bcni": "PT0.01S"}, 4000), ({"bcni": "often"}, 4000), ({"bcnt": "PT1S"}, 5001), ({"bcnr": "Cx"}, 5001),
    ({"bcnu": ["nothing://127.0.0.1:1/x"]}, 5001)])
def test_refused(client, receiver, wrong, rsc):
    body = {"bcnu": [receiver.url], "bcnc": 1, **wrong}
    body = {k: v for k, v in body.items() if v is not None}
    assert client.create("cse-in", "tsb", **body).rsc == rsc
    assert client.create("cse-in", "tsb", rn="good", bcnu=[receiver.url], bcnc=1).rsc == 2001
    if "bcnr" not in wrong:
        assert client.update("cse-in/good", "tsb", **wrong).rsc == rsc


def test_where_targets_are_asked_a_url_is_none(admin, receiver):
    """A beacon goes on for ever: who is told must want it."""
    answer = admin.create("cse-in", "tsb", bcnu=[receiver.url], bcnc=1)
    assert answer.rsc == 5001 and "consent" in answer.debug
    receiver.nothing()


@pytest.mark.parametrize("verify,rsc", [("all", 5001), ("resources", 5001), ("none", 2001)])
def test_where_targets_are_asked_none_is_at_another_cse(own, receiver, verify, rsc):
    """What is there says nothing here of who may notify it."""
    admin = Client(own("--verify-subscriptions", verify).url)
    assert admin.As("/far").create("cse-in", "csr", **remote_cse("far", poa=[receiver.url])).rsc == 2001
    admin.register("Cclock")
    answer = admin.As("Cclock").create("Cclock", "tsb", bcnu=["/far/Cx"], bcnc=1)
    assert answer.rsc == rsc, answer
    receiver.nothing(0.3)


def test_one_that_is_late_is_not_sent(client):
    """Who was away hears one beacon, the newest."""
    with Receiver() as away:
        url, port = away.url, int(away.url.rsplit(":", 1)[1])
    made = client.create("cse-in", "tsb", bcnu=[url], bcnc=1, bcni="PT0.1S")
    assert made.rsc == 2001
    eventually(lambda: age(made["ct"]) > 2, 20, "a score of beacons")
    opened = timestamp(-1)
    with Receiver(port=port) as back:
        assert beacon(back)["ctm"] > opened


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_goes_on(server, receiver, how):
    client = Client(server.url)
    assert client.create("cse-in", "tsb", rn="clock", bcnu=[receiver.url], bcnc=1, bcni="PT0.3S").rsc == 2001
    before = beacon(receiver)["ctm"]
    getattr(server, how)()
    ended = timestamp()
    assert ended > before
    server.start()
    eventually(lambda: beacon(receiver)["ctm"] > ended, seconds=20)
    assert Client(server.url).delete("cse-in/clock").rsc == 2002

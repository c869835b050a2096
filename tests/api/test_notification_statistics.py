"""notificationStatsEnable and notificationStatsInfo: what subscriptions count for each of their targets.

spec: TS-0001 9.6.8, 9.6.58 (Release 4); docs/decisions/0045
"""

import pytest
from lib.onem2m import Client
from lib.receiver import Receiver
from lib.server import Server, eventually

NOT_ASKED = ("--verify-subscriptions", "none")
NEW = {"net": [3]}


@pytest.fixture(name="client")
def client_(own):
    client = Client(own(*NOT_ASKED).url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    return client


def fill(client, times=1):
    for _ in range(times):
        assert client.create("cse-in/c", "cin", con="x").rsc == 2001


def figures(client, to="cse-in/c/s"):
    """Of each target: requests, responses, events; None without the attribute."""
    found = client.retrieve(to)
    assert found.rsc == 2000, found
    rows = found.res.get("nsi")
    return rows and {row["tg"]: (row["rqs"], row["rsr"], row["noec"]) for row in rows}


def become(client, wanted, to="cse-in/c/s"):
    def check():
        found = figures(client, to)
        return found == wanted or print(found)

    eventually(check, 20)


def test_each_target_is_counted(client):
    with Receiver() as one, Receiver() as two:
        assert client.create("cse-in/c", "sub", rn="s", nu=[one.url, two.url], enc=NEW, nse=True).rsc == 2001
        assert figures(client) == {one.url: (0, 0, 0), two.url: (0, 0, 0)}
        before = client.retrieve("cse-in/c/s")["lt"]
        fill(client, 3)
        become(client, {one.url: (3, 3, 3), two.url: (3, 3, 3)})
        assert client.retrieve("cse-in/c/s")["lt"] == before, "nobody has changed it"


def test_on_and_off(client):
    """true begins anew, false keeps what was counted, without the switch there is nothing"""
    with Receiver() as receiver:
        url = receiver.url
        assert client.create("cse-in/c", "sub", rn="s", nu=[url], enc=NEW).rsc == 2001
        fill(client)
        receiver.next(20)
        assert figures(client) is None
        assert client.update("cse-in/c/s", "sub", nse=False)["nsi"] == [{"tg": url, "rqs": 0, "rsr": 0, "noec": 0}]
        fill(client)
        receiver.next(20)
        assert figures(client) == {url: (0, 0, 0)}
        assert client.update("cse-in/c/s", "sub", nse=True).rsc == 2004
        fill(client, 2)
        become(client, {url: (2, 2, 2)})
        assert client.update("cse-in/c/s", "sub", lbl=["x"]).rsc == 2004
        assert figures(client) == {url: (2, 2, 2)}
        assert client.update("cse-in/c/s", "sub", nse=False).rsc == 2004
        fill(client)
        assert [receiver.next(20) for _ in range(3)]
        assert figures(client) == {url: (2, 2, 2)}
        assert client.update("cse-in/c/s", "sub", nse=True).rsc == 2004
        assert figures(client) == {url: (0, 0, 0)}
        assert "nsi" not in client.update("cse-in/c/s", "sub", nse=None).res
        assert figures(client) is None


def test_targets_change(client):
    """Those that stay keep what was counted."""
    with Receiver() as one, Receiver() as two, Receiver() as three:
        assert client.create("cse-in/c", "sub", rn="s", nu=[one.url, two.url], enc=NEW, nse=True).rsc == 2001
        fill(client)
        become(client, {one.url: (1, 1, 1), two.url: (1, 1, 1)})
        assert client.update("cse-in/c/s", "sub", nu=[three.url, two.url]).rsc == 2004
        assert figures(client) == {three.url: (0, 0, 0), two.url: (1, 1, 1)}
        fill(client)
        become(client, {three.url: (1, 1, 1), two.url: (2, 2, 2)})


def test_what_fails_is_counted(client):
    """A request without a response; one that is refused has one"""
    silent = [True]
    with Receiver(lambda received: None if silent[0] else 2000) as receiver, Receiver(lambda _: 4103) as no:
        assert client.create("cse-in/c", "sub", rn="s", nu=[receiver.url, no.url], enc=NEW, nse=True).rsc == 2001
        fill(client)
        receiver.next(20)
        receiver.next(20)
        silent[0] = False
        eventually(lambda: figures(client)[receiver.url][1] == 1, 20)
        requests, responses, events = figures(client)[receiver.url]
        assert requests >= 3 and responses == 1 and events == 1
        become(client, {receiver.url: (requests, 1, 1), no.url: (1, 1, 1)})


def test_a_batch_is_one_request(client):
    with Receiver() as receiver:
        assert client.create("cse-in/c", "sub", rn="s", nu=[receiver.url], enc=NEW, nse=True,
                             bn={"num": 3, "dur": "PT1H"}).rsc == 2001
        fill(client, 4)
        become(client, {receiver.url: (1, 1, 4)})


def test_cross_resource_subscriptions_count(client):
    assert client.create("cse-in", "cnt", rn="d").rsc == 2001
    with Receiver() as receiver:
        made = client.create("cse-in", "crs", rn="x", nu=[receiver.url], twt=2, tws="PT1H", nse=True,
                             rrat=["cse-in/c", "cse-in/d"], encs={"encn": [NEW]})
        assert made.rsc == 2001, made
        fill(client)
        assert figures(client, "cse-in/x") == {receiver.url: (0, 0, 0)}
        assert client.create("cse-in/d", "cin", con="x").rsc == 2001
        become(client, {receiver.url: (1, 1, 1)}, "cse-in/x")
        assert client.update("cse-in/x", "crs", nse=False).rsc == 2004
        assert figures(client, "cse-in/x") == {receiver.url: (1, 1, 1)}


def test_only_the_cse_counts(client):
    with Receiver() as receiver:
        row = {"tg": receiver.url, "rqs": 7, "rsr": 7, "noec": 7}
        assert client.create("cse-in/c", "sub", rn="s", nu=[receiver.url], nse=True, nsi=[row]).rsc == 4000
        assert client.create("cse-in/c", "sub", rn="s", nu=[receiver.url], nse="yes").rsc == 4000
        assert client.create("cse-in/c", "sub", rn="s", nu=[receiver.url], nse=True).rsc == 2001
        for nsi in ([row], None):
            assert client.update("cse-in/c/s", "sub", nsi=nsi).rsc == 4000
        assert figures(client) == {receiver.url: (0, 0, 0)}


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_figures_survive(tmp_path, how):
    with Receiver() as receiver, Server(tmp_path / "data", *NOT_ASKED) as server:
        client = Client(server.url)
        assert client.create("cse-in", "cnt", rn="c").rsc == 2001
        assert client.create("cse-in/c", "sub", rn="s", nu=[receiver.url], enc=NEW, nse=True).rsc == 2001
        fill(client, 5)
        become(client, {receiver.url: (5, 5, 5)})
        getattr(server, how)()
        server.start()
        client = Client(server.url)
        assert figures(client) == {receiver.url: (5, 5, 5)}
        fill(client)
        become(client, {receiver.url: (6, 6, 6)})

"""<timeSeries> and <timeSeriesInstance> with a clock that runs: missing data are noticed and told,
and a restart loses neither what is awaited nor what has been counted.

spec: TS-0001 9.6.36, 9.6.37, 10.2.4.29; TS-0004 7.4.38, 7.4.39, 7.5.1.2.9
"""

import datetime
import time

import pytest
from lib.onem2m import Client, timestamp
from lib.server import eventually

PERIOD_MS = 400


def watched(client, name, **more):
    """A series that expects an instance each PERIOD_MS."""
    attributes = {"pei": PERIOD_MS, "peid": 100, "mdd": True, "mdt": 200, **more}
    assert client.create("cse-in", "ts", rn=name, **attributes).rsc == 2001
    return f"cse-in/{name}"


def feed(client, series, seconds=0.0, con="x"):
    dgt = timestamp(seconds)
    answer = client.create(series, "tsi", dgt=dgt, con=con)
    assert answer.rsc == 2001, answer
    return dgt


def moment(text):
    day, _, fraction = text.partition(",")
    at = datetime.datetime.strptime(day, "%Y%m%dT%H%M%S").replace(tzinfo=datetime.timezone.utc)
    return at.timestamp() + int(fraction.ljust(6, "0") or 0) / 1e6


def count(client, series):
    return client.retrieve(series)["mdc"]


@pytest.mark.threads
def test_missing_points_are_noticed(admin):
    series = watched(admin, "noticed")
    first = feed(admin, series)
    eventually(lambda: count(admin, series) >= 3)
    res = admin.retrieve(series).res
    assert res["mdc"] == len(res["mdlt"])
    steps = [round((moment(t) - moment(first)) * 1000 / PERIOD_MS, 6) for t in res["mdlt"]]
    assert steps == list(range(len(steps), 0, -1))
    assert admin.delete(series).rsc == 2002


def test_points_in_time_are_not_missing(admin):
    """The source sends what is expected ahead of its time."""
    series = watched(admin, "punctual")
    for i in range(5):
        feed(admin, series, i * PERIOD_MS / 1000)
    eventually(lambda: count(admin, series) == 1)
    res = admin.retrieve(series).res
    assert res["cni"] == 5 and res["mdc"] == 1
    assert admin.delete(series).rsc == 2002


def test_subscribers_are_told(admin, receiver):
    series = watched(admin, "told")
    assert admin.create(series, "sub", nu=[receiver.url],
                        enc={"net": [8], "md": {"num": 2, "dur": "PT1M"}}).rsc == 2001
    receiver.verification()
    feed(admin, series)
    first = receiver.next().sgn["nev"]
    assert first["net"] == 8
    assert first["rep"]["m2m:tsn"]["mdc"] == 2 and len(first["rep"]["m2m:tsn"]["mdlt"]) == 2
    second = receiver.next().rep["m2m:tsn"]
    assert second["mdc"] == 3 and len(second["mdlt"]) == 1
    assert admin.delete(series).rsc == 2002


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_goes_on(own, receiver, how):
    """What came due while nobody looked is missing; the window of a subscription goes on."""
    server = own("--verify-subscriptions", "none")
    client = Client(server.url)
    series = watched(client, "kept")
    assert client.create(series, "sub", nu=[receiver.url],
                         enc={"net": [8], "md": {"num": 4, "dur": "PT1H"}}).rsc == 2001
    first = feed(client, series)
    eventually(lambda: count(client, series) >= 1)
    getattr(server, how)()
    time.sleep(3 * PERIOD_MS / 1000)  # the server is down: the clock is the world's
    server.start()
    client = Client(server.url)
    eventually(lambda: count(client, series) >= 5)
    res = client.retrieve(series).res
    steps = [round((moment(t) - moment(first)) * 1000 / PERIOD_MS, 6) for t in res["mdlt"]]
    assert steps == list(range(len(steps), 0, -1))
    told = receiver.next().rep["m2m:tsn"]
    assert told["mdc"] == 4 and len(told["mdlt"]) == 4

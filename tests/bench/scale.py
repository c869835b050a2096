"""Rows about many: discovery among a million, fan-out to a thousand, subscriptions and timers that wait."""

import http.client
import itertools
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from harness import HEADERS, call, paired, prepare, processor_us, say, wrk

PATH = "/cse-in/bench"
HOUR = 3_600_000  # ms
identifiers = itertools.count()


class Line:
    """One connection, for thousands of requests in a row."""

    def __init__(self, server):
        self.link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def create(self, path, ty, content):
        self.link.request("POST", path, json.dumps(content),
                          {**HEADERS, "X-M2M-RI": str(next(identifiers)), "Content-Type": f"application/json;ty={ty}"})
        answer = self.link.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise SystemExit(f"{path}: {answer.status} {text[:200]}")


def many(server, count, add):
    """add(line, i) for each i below `count`, on eight connections."""
    def some(first):
        line = Line(server)
        for i in range(first, count, 8):
            add(line, i)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, range(8)))


def fan_out(bench):
    """One request to a group of 1,000 local containers beside as many requests to its members."""
    server = bench.merlon("fan-out")
    prepare(server)
    many(server, 1000, lambda line, i: line.create(PATH, 3, {"m2m:cnt": {"rn": f"m{i}"}}))
    members = [f"cse-in/bench/m{i}" for i in range(1000)]
    Line(server).create(PATH, 9, {"m2m:grp": {"rn": "g", "mnm": 1000, "mt": 3, "mid": members}})
    addresses = bench.scratch / "members.txt"
    addresses.write_text("".join(f"/{m}\n" for m in members))
    ours, theirs, ratio = paired(lambda: processor_us(server, PATH + "/g/fopt", "get"),
                                 lambda: 1000 * processor_us(server, "", "list", str(addresses)))
    say("processor time: fan-out to 1,000 / 1,000 RETRIEVEs",
        f"{ratio:.2f} ({ours / 1000:.1f}/{theirs / 1000:.1f} ms)", "< 1.0", ratio < 1)
    server.stop()


def subscriptions(bench):
    """Writes to a container without subscription, in a CSE with 10,000 subscriptions elsewhere."""
    receiver = bench.bare_http(1)
    servers = [bench.merlon("subscribed"), bench.merlon("unsubscribed")]
    for server in servers:
        prepare(server)

    def subscribed(line, i):
        line.create(PATH, 3, {"m2m:cnt": {"rn": f"m{i}"}})
        line.create(f"{PATH}/m{i}", 23, {"m2m:sub": {"nu": [receiver.url], "enc": {"net": [3]}}})

    many(servers[0], 10_000, subscribed)
    ours, theirs, ratio = paired(*(lambda s=s: wrk(s.url + PATH + "/c1", "post", connections=64) for s in servers),
                                 rounds=5)
    say("CREATE beside 10,000 subscriptions elsewhere / without",
        f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)", ">= 0.95", ratio >= 0.95)
    for server in servers:
        server.stop()
    receiver.process.kill()


def timers(bench):
    """Servers without requests; in one of them 100,000 timeSeries wait for their next instance."""
    servers = [bench.merlon("armed"), bench.merlon("unarmed")]
    for server in servers:
        prepare(server)

    def waiting(line, i):
        line.create(PATH, 29, {"m2m:ts": {"rn": f"t{i}", "pei": HOUR, "mdd": True, "mdn": 5, "mdt": HOUR}})
        line.create(f"{PATH}/t{i}", 30, {"m2m:tsi": {"dgt": "20250101T000000", "con": "x"}})

    many(servers[0], 100_000, waiting)

    def idle_ms(server):
        used = server.cpu()
        time.sleep(5)
        return (server.cpu() - used) * 1000

    pairs = [(idle_ms(servers[0]), idle_ms(servers[1])) for _ in range(3)]
    ours, theirs = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    say("processor time in 5 s idle with 100,000 timers armed", f"{ours:.0f} ms ({theirs:.0f} ms without)",
        "<= +10 ms", ours <= theirs + 10)
    for server in servers:
        server.stop()


def discovery(bench):
    """The first 1,000 matches among a million resources. Every 500th instance carries a label."""
    server = bench.merlon("discovery", "--limit", "scan=100000000")
    prepare(server)
    many(server, 2000, lambda line, i: line.create(PATH, 3, {"m2m:cnt": {"rn": f"m{i}"}}))
    while call(server.url + PATH + "/c1")["m2m:cnt"]["cni"] < 1_000_000:
        wrk(server.url + PATH + "/c1", "post", "500", connections=64, seconds=10)
    for what, words in (("label", "lbl=rare"), ("type", "ty=3")):
        path = f"/cse-in?fu=1&lim=1000&{words}"
        if len(call(server.url + path)["m2m:uril"]) != 1000:
            raise SystemExit(f"discovery by {what} does not find 1,000")
        spent = statistics.median(processor_us(server, path, "get") / 1000 for _ in range(3))
        say(f"discovery by {what} among 1,000,000: the first 1,000", f"{spent:.2f} ms", "< 5 ms", spent < 5)
    server.stop()

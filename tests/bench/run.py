#!/usr/bin/python3
"""Measures Merlon beside two bare programs and prints ratios: the engine of `make bench`.

usage: run.py --build DIR [--large] [--only WORD]...

Everything runs on loopback, side by side in one run, each pair several times in turn; the figure
is the median of the ratios. Absolute numbers depend on the machine, the ratios much less. Rows and
targets: docs/performance.md.
"""

import argparse
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from harness import HEADERS, ROUNDS, SECONDS, Bench, call, paired, prepare, processor_us, rows, say, wrk
from scale import discovery, fan_out, subscriptions, timers

# ---- rows ----


def retrieve(bench):
    server, bare = bench.merlon("retrieve"), bench.bare_http()
    prepare(server)
    path = "/cse-in/bench/c1/la"
    ours, theirs, ratio = paired(lambda: wrk(server.url + path, "get"),
                                 lambda: wrk(bare.url + path, "get"))
    say("RETRIEVE latest, 16 connections: merlon / bare_http",
        f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)", ">= 0.75", ratio >= 0.75)
    ours, theirs, ratio = paired(lambda: processor_us(server, path, "get"),
                                 lambda: processor_us(bare, path, "get"))
    say("  processor time a request: merlon / bare_http", f"{ratio:.2f} ({ours:.1f}/{theirs:.1f} us)",
        "", True)
    bare.process.kill()
    server.stop()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def s_server(bench, *words):
    """`openssl s_server`, ready to accept; (process, port)."""
    port = free_port()
    process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_3", "-quiet",
                                *map(str, words)],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise SystemExit("openssl s_server did not start")


def tls(bench):
    """Handshakes beside openssl s_server with the same client; RETRIEVE beside evhttp under TLS."""
    server = bench.secured("tls", "--limit", "handshake-failures=1000000")
    key = ("k1@sp.example", "01" * 32)
    for name, theirs_words, words in (
            ("pre-shared key", ["-nocert", "-psk_identity", key[0], "-psk", key[1]], key),
            ("certificate", ["-cert", f"{bench.certificate}.pem", "-key", f"{bench.certificate}.key"], ())):
        process, port = s_server(bench, *theirs_words)
        ours, theirs, ratio = paired(lambda: bench.handshakes(server.port, *words),
                                     lambda: bench.handshakes(port, *words))
        say(f"TLS 1.3 handshakes, {name}: merlon / openssl s_server",
            f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)", ">= 0.8", ratio >= 0.8)
        process.kill()
        process.wait()
    rounds = sorted((bench.refusals(server.port, "k9@sp.example", key[0]) for _ in range(3)),
                    key=lambda times: times[0] / times[1])
    unknown, wrong = rounds[1]
    say("  refused for an unknown identity / a wrong key", f"{unknown / wrong:.3f} ({unknown:.0f}/{wrong:.0f} us)",
        "0.95 to 1.05", 0.95 <= unknown / wrong <= 1.05)
    bare = bench.bare_https()
    prepare(server)
    path = "/cse-in/bench/c1/la"
    ours, theirs, ratio = paired(lambda: wrk(server.url + path, "get"), lambda: wrk(bare.url + path, "get"))
    say("RETRIEVE latest under TLS, 16 connections: merlon / bare_http", f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)",
        ">= 0.8", ratio >= 0.8)
    ours, theirs, ratio = paired(lambda: processor_us(server, path, "get"), lambda: processor_us(bare, path, "get"))
    say("  processor time a request: merlon / bare_http", f"{ratio:.2f} ({ours:.1f}/{theirs:.1f} us)", "", True)
    bare.process.kill()
    server.stop()


def idle_tls(bench):
    """Connections under TLS that have been served once and wait."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10000, hard - 200)
    server = bench.secured("idle_tls")
    prepare(server)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    base = server.memory()
    kept = []
    for _ in range(count):
        kept.append(context.wrap_socket(socket.create_connection(("127.0.0.1", server.port))))
        kept[-1].sendall(b"GET /cse-in/bench/c1/la HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: Cbench\r\n"
                         b"X-M2M-RI: r\r\nX-M2M-RVI: 3\r\n\r\n")
        kept[-1].recv(4096)
    used = server.memory()
    say(f"memory with {count:,} idle connections under TLS",
        f"{used / 1e6:.1f} MB (+{(used - base) / count:.0f} B each)", "< 400 MB", used < 400e6)
    for connection in kept:
        connection.close()
    server.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def access(bench):
    """The admin's requests ask no policy; those of Cother ask one with six rules. The difference is
    what the decision costs."""
    server = bench.merlon("access", "--admin", "Cadmin")
    prepare(server)
    rules = [{"acor": [f"C{i}"], "acop": 63} for i in range(5)] + [{"acor": ["Cother"], "acop": 2}]
    call(server.url + "/cse-in/bench", {"m2m:acp": {
        "rn": "acp", "pv": {"acr": rules}, "pvs": {"acr": [{"acor": ["Cbench"], "acop": 63}]}}}, ty=1)
    call(server.url + "/cse-in/bench", {"m2m:cnt": {
        "rn": "kept", "acpi": ["cse-in/bench/acp"]}}, ty=3)
    call(server.url + "/cse-in", {"m2m:ae": {"api": "Nother", "rr": False, "srv": ["3"]}}, ty=2,
         headers={"X-M2M-Origin": "Cother"})
    path = "/cse-in/bench/kept"

    def decision():
        return paired(lambda: processor_us(server, path, "get", "Cother"),
                      lambda: processor_us(server, path, "get", "Cadmin"))

    few = decision()
    made = 0
    while made < 100_000:
        made += int(wrk(server.url + "/cse-in/bench", "policies", connections=64) * SECONDS)
    many = decision()
    say("access decision by a policy of six rules", f"{few[0] - few[1]:.1f} us", "< 2 us",
        few[0] - few[1] < 2)
    say(f"  with {made:,} policies stored", f"{many[0] - many[1]:.1f} us", "< 2 us",
        many[0] - many[1] < 2)
    server.stop()


def part(bench, program, *words):
    """What one of the small programs prints."""
    out = subprocess.run([str(bench.build / program), *map(str, words)], capture_output=True, text=True, check=False)
    if out.stderr:
        raise SystemExit(f"{program}: {out.stderr}")
    return out.stdout


def decisions(bench):
    """Without network, HTTP and JSON: policies from the store, as many as 100,000 of each kind."""
    folder = bench.scratch / "policies"
    folder.mkdir()
    found = dict(re.findall(r"^(\S+) +(\d+) ns$", part(bench, "src/cse/policy_bench", folder), re.M))
    shutil.rmtree(folder)
    for case, name, limit in (
            ("hot", "access decision, 100,000 policies stored, a few in use", 2000),
            ("hot-contexts", "  with contexts and object details", 2000),
            ("spread", "  65,000 policies in use", 2000),
            ("spread-contexts", "  65,000 in use, with contexts and object details", 0)):
        ns = int(found[case])
        say(name, f"{ns / 1000:.2f} us", f"< {limit // 1000} us" if limit else "", not limit or ns < limit)


def escertke(bench):
    ratio = float(re.search(r"ratio ([\d.]+)", part(bench, "tests/bench/escertke_bench"))[1])
    say("key by certificate, both ends: merlon / a handshake of OpenSSL's own", f"{ratio:.2f}", "<= 1.3", ratio <= 1.3)


def tokens(bench):
    ratio = float(re.search(r"ratio ([\d.]+)", part(bench, "src/crypto/jwt_bench"))[1])
    say("fresh ES256 token: merlon / OpenSSL's own verification", f"{ratio:.2f}", "<= 1.3", ratio <= 1.3)
    for count in (1000, 9000):
        found = re.search(r"by text ([\d.]+) us, by local identifier ([\d.]+)",
                          part(bench, "tests/bench/token_bench", count))
        say(f"token that was verified before, {count:,} remembered", f"{found[1]} us", "< 1 us", float(found[1]) < 1)
        say("  by Local-Token-ID", f"{found[2]} us", "< 1 us", float(found[2]) < 1)


def objects(bench, url, path, count):
    """So many ESPrim objects with one request, of a session that is there already."""
    def tell(epo):
        return call(url + "/cse-in", {"m2m:seci": {"sit": 5, "epo": epo}})["m2m:seci"]["epo"]

    esro = call(url + "/cse-in?atrl=esi")["m2m:cb"]["esi"]["esro"]
    inner = json.dumps({"op": 2, "to": path[1:], "fr": "Cbench", "rqi": "r1", "rvi": "3"})
    with subprocess.Popen([str(bench.build / "src/e2e/esprim_bench"), "objects", str(count), "k2@sp.example", inner],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        maker.stdin.write(json.dumps(esro) + "\n")
        maker.stdin.flush()
        maker.stdin.write(tell(maker.stdout.readline().strip()) + "\n")
        maker.stdin.flush()
        return [line.strip() for line in maker.stdout]


def one_after_another(server, requests):
    """Microseconds of processor time that each of these (method, path, body) costs the server."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {**HEADERS, "Content-Type": "application/json"}
    used = server.cpu()
    for method, path, body in requests:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status}")
    connection.close()
    return (server.cpu() - used) / len(requests) * 1e6


def protected(bench):
    """ESPrim: the same RETRIEVE inside an object and in the clear; and without network, each end alone."""
    path, count = "/cse-in/bench/c1/la", 9000
    bench.command("key", "add", "--data", bench.scratch / "protected", "--id", "k2@sp.example", "--suid", "13",
                  "--ae-id", "Cbench", "--key-file", "-", stdin="01" * 32)
    server = bench.merlon("protected")
    prepare(server)

    def inside():
        return one_after_another(server, [
            ("POST", "/cse-in", json.dumps({"m2m:seci": {"sit": 5, "epo": epo}}))
            for epo in objects(bench, server.url, path, count)])

    ours, clear, _ = paired(inside, lambda: one_after_another(server, [("GET", path, None)] * count))
    say("RETRIEVE inside an ESPrim object, more than in the clear", f"{ours - clear:.1f} us ({ours:.0f}/{clear:.0f})",
        "<= 30 us", ours - clear <= 30)
    server.stop()
    out = part(bench, "src/e2e/esprim_bench")
    target, originator = re.search(r"reused: target ([\d.]+) us, originator ([\d.]+)", out).groups()
    say("  of that, to open and to protect: target, originator", f"{target}, {originator} us", "", True)
    size = float(re.search(r"sessions: ([\d.]+) MB", out)[1])
    say("100,000 ESPrim sessions", f"{size:.0f} MB", "< 60 MB", size < 60)


def data(bench):
    """ESData: the envelope of 1 MB beside the cipher alone, in one run."""
    out = part(bench, "tests/bench/esdata_bench")
    cipher, seal, unseal, ratio = (float(n) for n in re.search(
        r"cipher (\d+) us, protect (\d+) us, open (\d+) us, ratio ([\d.]+)", out).groups())
    say("1 MB protected (A256GCM, JOSE): the cipher alone / merlon", f"{ratio:.2f} ({cipher:.0f}/{seal:.0f} us)",
        ">= 0.7", ratio >= 0.7)
    say("  opened", f"{unseal:.0f} us", "", True)


def create_with(bench, server, connections):
    """Beside the bare program with as many writes in a commit as Merlon had, rounds in turn."""
    path = "/cse-in/bench/c1"
    figures = []
    for _ in range(ROUNDS):
        before = bench.commits("create")
        ours = wrk(server.url + path, "post", connections=connections)
        batch = max(1, round(ours * SECONDS / (bench.commits("create") - before)))
        theirs = bench.bare_lmdb(batch)
        figures.append((ours / theirs, ours, theirs, batch))
    return sorted(figures)[ROUNDS // 2]


def create(bench):
    server = bench.merlon("create")
    prepare(server)
    for name, connections, target in (
            ("CREATE instance, durable, 64 connections: merlon / bare_lmdb", 64, 0.5),
            ("  the same, 16 connections", 16, 0)):
        ratio, ours, theirs, batch = create_with(bench, server, connections)
        say(name, f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)",
            f">= {target}" if target else "", ratio >= target)
        print(f"  writes in a commit: {batch}", flush=True)
    server.stop()


def fill(server, path, count):
    """Creates instances until the container holds `count`."""
    while True:
        have = call(server.url + path)["m2m:cnt"]["cni"]
        if have >= count:
            return
        seconds = max(1, min(30, (count - have) // 40000))
        wrk(server.url + path, "post", connections=64, seconds=seconds)


def sample(server, path, count, file):
    """Structured addresses of instances all over the container."""
    found = []
    offset_max = call(server.url + path)["m2m:cnt"]["cni"] - 100
    while len(found) < count:
        offset = random.randrange(1, max(2, min(offset_max, 900000)))
        page = call(f"{server.url}{path}?fu=1&ty=4&lim=50&ofst={offset}")
        found += page["m2m:uril"]
    file.write_text("".join(f"/{address}\n" for address in found[:count]))


def growth(bench, small, large, siblings):
    server = bench.merlon("growth", "--limit", "scan=100000000")
    prepare(server, ("few", "many", "thousand", "million"))
    fill(server, "/cse-in/bench/few", small)
    fill(server, "/cse-in/bench/thousand", 1000)
    fill(server, "/cse-in/bench/million", siblings)
    ours, theirs, ratio = paired(
        lambda: wrk(server.url + "/cse-in/bench/million", "post", connections=64),
        lambda: wrk(server.url + "/cse-in/bench/thousand", "post", connections=64))
    say(f"CREATE beside {siblings:,} siblings / beside 1,000",
        f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)", ">= 0.9", ratio >= 0.9)
    files = {}
    for name in ("few",):
        files[name] = bench.scratch / f"{name}.txt"
        sample(server, f"/cse-in/bench/{name}", 1000, files[name])
    before = wrk(server.url, "list", str(files["few"]))
    fill(server, "/cse-in/bench/many", large)
    files["many"] = bench.scratch / "many.txt"
    sample(server, "/cse-in/bench/many", 1000, files["many"])
    ours, theirs, ratio = paired(lambda: wrk(server.url, "list", str(files["many"])),
                                 lambda: wrk(server.url, "list", str(files["few"])))
    say(f"RETRIEVE among {large:,} instances / among {small:,}",
        f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)", ">= 0.9", ratio >= 0.9)
    say("  the small container before and after the growth", f"{theirs / before:.2f}", ">= 0.9",
        theirs / before >= 0.9)
    resources = large
    server.stop()
    start = time.monotonic()
    server = bench.merlon("growth")
    spent = time.monotonic() - start
    say(f"start with {resources:,} resources", f"{spent * 1000:.0f} ms", "< 1000 ms", spent < 1)
    server.stop()


def idle(bench):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10000, hard - 200)
    server = bench.merlon("idle")
    prepare(server)
    base = server.memory()
    sockets = []
    for _ in range(count):
        sockets.append(socket.create_connection(("127.0.0.1", server.port)))
        sockets[-1].sendall(b"GET /cse-in/bench/c1/la HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: Cbench\r\n"
                            b"X-M2M-RI: r\r\nX-M2M-RVI: 3\r\n\r\n")
        sockets[-1].recv(4096)
    used = server.memory()
    say(f"memory with {count:,} idle connections", f"{used / 1e6:.1f} MB (+{(used - base) / count:.0f} B each)",
        "< 60 MB", used < 60e6)
    busy = wrk(server.url + "/cse-in/bench/c1/la", "get")
    for s in sockets:
        s.close()
    calm = wrk(server.url + "/cse-in/bench/c1/la", "get")
    say("  RETRIEVE beside them / alone", f"{busy / calm:.2f}", "", True)
    server.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(bench):
    server = bench.merlon("memory")
    prepare(server)
    small = server.rss()
    say("resident memory when small", f"{small / 1e6:.1f} MB", "< 30 MB", small < 30e6)
    wrk(server.url + "/cse-in/bench/c1/la", "get")
    wrk(server.url + "/cse-in/bench/c1", "post")
    first = server.memory()
    for _ in range(3):
        wrk(server.url + "/cse-in/bench/c1/la", "get")
        wrk(server.url + "/cse-in/bench/c1", "post")
    grown = server.memory() - first
    say("  growth over 3 times the load", f"{grown / 1e6:+.2f} MB", "< 1 MB", grown < 1e6)
    server.stop()


def startup(bench):
    spent = []
    for _ in range(5):
        start = time.monotonic()
        server = bench.merlon("startup")
        spent.append(time.monotonic() - start)
        server.stop()
    middle = statistics.median(spent)
    say("start, empty store", f"{middle * 1000:.0f} ms", "< 1000 ms", middle < 1)


def notifications(bench):
    """Ten subscriptions on one container, one receiver, one writer at a time kept busy."""
    server, bare = bench.merlon("notify", "--limit", "outbox_lane=1000000"), bench.bare_http(1)
    plain = bench.bare_http(2)
    prepare(server)
    for i in range(10):
        call(server.url + "/cse-in/bench/c1",
             {"m2m:sub": {"rn": f"s{i}", "nu": [bare.url + f"/{i}"], "enc": {"net": [3]}}}, ty=23)

    def served():
        bare.process.send_signal(signal.SIGUSR1)
        return int(bare.process.stdout.readline())

    def delivered():
        first, start = served(), time.monotonic()
        made = wrk(server.url + "/cse-in/bench/c1", "post", connections=8, seconds=SECONDS)
        expected = first + int(made * SECONDS) * 10
        last = served()
        while last < expected * 0.999 and time.monotonic() - start < 120:
            time.sleep(0.05)
            now = served()
            if now == last:
                break
            last = now
        return (last - first) / (time.monotonic() - start)

    ours, theirs, ratio = paired(delivered, lambda: wrk(plain.url + "/x", "get"))
    say("notifications to one receiver: merlon / bare_http",
        f"{ratio:.2f} ({ours:.0f}/{theirs:.0f} per s)", ">= 0.3", ratio >= 0.3)
    bare.process.kill()
    plain.process.kill()
    server.stop()


def mixed(bench):
    """Readers and writers together against each alone."""
    server = bench.merlon("mixed")
    prepare(server)
    path = "/cse-in/bench/c1"
    results = {}

    def writer():
        results["post"] = wrk(server.url + path, "post", connections=16)

    thread = threading.Thread(target=writer)
    thread.start()
    reads = wrk(server.url + path + "/la", "get", connections=16)
    thread.join()
    say("mixed: RETRIEVE and CREATE at the same time",
        f"{reads:.0f} + {results['post']:.0f} per s", "", True)
    server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--large", action="store_true", help="also growth to 10 million instances")
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    suites = [retrieve, tls, access, decisions, tokens, escertke, protected, data, create, mixed, notifications, idle,
              idle_tls, memory, startup, fan_out, subscriptions, timers, discovery]
    with tempfile.TemporaryDirectory(prefix="merlon-bench-") as scratch:
        os.chmod(scratch, 0o755)
        bench = Bench(options.build, scratch)
        for suite in suites:
            if not options.only or suite.__name__ in options.only:
                suite(bench)
        if "growth" in options.only or options.large:
            if options.large:
                growth(bench, 10_000, 10_000_000, 1_000_000)
            else:
                growth(bench, 1_000, 100_000, 50_000)
        elif not options.only:
            growth(bench, 1_000, 100_000, 50_000)
    missed = [name for name, _, _, met in rows if not met]
    print(f"{len(rows) - len(missed)} of {len(rows)} figures within their targets")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

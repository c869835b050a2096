"""The command line, the configuration file, and the life of the process."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from lib.onem2m import Client
from lib.receiver import Receiver
from lib.server import ROOT, Server, binary, eventually, run

IS_ROOT = os.geteuid() == 0

# Each setting: values that are taken, values that are not. `config` and `check-config` have no
# place in a file.
SETTINGS = {
    "tokens": (["on", "off"], ["yes", ""]),
    "token-skew": (["0", "60"], ["61", "-1", "1s", ""]),
    "security-info": (["registered", "open"], ["policy", "Open", ""]),
    "esprim-shared": (["on", "off"], ["maybe"]),
    "esprim-lifetime": (["1", "86400"], ["0", "86401", "-1", "1h", ""]),
    "esprim-skew": (["0", "30"], ["31", "-1", "1s", ""]),
    # whose credentials are taken: test_esprim_originator.py
    "esprim-to": (["/id-mn=k@sp.example", "//sp.example/id-mn/Cx=k@sp.example"],
                  ["", "/id-mn", "/id-mn=", "=k@sp.example", "Cx=k@sp.example", "/id-mn=k"]),
    "role-issuer": (["sp.example=CAdmin", "sp.example=/id-in", "a.b-c.example=//sp.example/Sx"],
                    ["CAdmin", "=CAdmin", "sp.example=", "Sp.example=CAdmin", "sp.example=admin",
                     "sp example=CAdmin", ""]),
    "role-repository": (["sp.example=http://127.0.0.1:8080/cse", "sp.example=https://h/cse?a=b",
                         "sp.example=https://h/c,credential=12-k1@sp.example", "sp.example=https://h/a,b"],
                        ["sp.example=https://h/c,credential=", "sp.example=https://h/c,credential=12-k1",
                         "sp.example=http://h/c,credential=12-k1@sp.example", "http://h", "sp.example=",
                         "sp.example=/cse", "sp.example=mqtt://h", "@=http://h"]),
    "group-host": (["/id-mn=http://127.0.0.1:8080", "//sp.example/id-mn=https://h/a?b=c",
                    "/id-mn=https://h,credential=12-k1@sp.example"],
                   ["/id-mn", "/id-mn=", "id-mn=http://h", "=http://h", "/=http://h", "/a/b=http://h", "//sp=http://h",
                    "//sp.example/=http://h", "//s p/id-mn=http://h", "/id-mn=/cse", "/id-mn=mqtt://h",
                    "/id-mn=http://h,credential=12-k1@sp.example", "/id-mn=https://h,credential=12-k1", ""]),
    "peer": (["//other.example/id-in=http://h", "//other.example/id-in="],
             ["/id-in=http://h", "//other.example=http://h", "//other.example/=http://h",
              "//other.example/id-in", "//other.example/id-in=mqtt://h", ""]),
    "in-cse-id": (["/id-top"], ["id-top", "/", "//sp.example/id-top", ""]),
    # these two go together, and not with an IN-CSE: test_fleet.py
    "registrar": ([], ["", "h", "mqtt://h", "https://h,credential=12-k1", "http://h,credential=12-k1@sp.example"]),
    "registrar-id": ([], ["id-top", "/", "//sp.example/id-top", ""]),
    "registration-lifetime": (["2", "100000000000"], ["1", "-1", "100000000001", "1h", ""]),
    "deregister": (["on", "off"], ["yes", ""]),
    "data": (["/tmp/merlon-nowhere"], [""]),
    "listen": (["http://127.0.0.1:0", "http://[::1]:8081", "http://localhost,untrusted"],
               ["8080", "http://", "http://h:x", "http://h:70000", "gopher://h", "http://h/path",
                "http://127.0.0.1:1,secret"]),
    "insecure-listen": (["http://0.0.0.0:8080"], ["0.0.0.0", "http://0.0.0.0:1,trusted"]),
    "poa": (["http://cse.example:8080"], ["here", ""]),
    "cse-id": (["/id-mn", "/a.b~c_d-1"], ["id-mn", "/", "/a/b", "/a b", ""]),
    "cse-name": (["cse-mn"], ["a/b", "", "-", "a b"]),
    "sp-id": (["//sp.example"], ["sp.example", "//", "//a/b"]),
    "cse-type": (["in", "mn", "asn"], ["IN", "4", ""]),
    "admin": (["CBoss", "SBoss", "none"], ["Boss", "C", "C/a", ""]),
    "log": (["error", "warning", "info", "debug"], ["loud", "", "Info"]),
    "log-format": (["text", "json"], ["xml", ""]),
    "store": (["lmdb", "mem"], ["sqlite", ""]),
    "store-max-size": (["1M", "1048576", "20G", "1T"], ["1023K", "0", "M", "-1", "99999999T", "1X"]),
    "threads": (["0", "1", "64"], ["65", "-1", "two", ""]),
    "user": (["nobody"], [""]),
    "seccomp": (["on", "off"], ["yes", "1", ""]),
    "max-lifetime": (["1", "100000000000"], ["0", "100000000001", "-1", "1.5"]),
    "profile": (["r2", "r3"], ["r4", "3", ""]),
    "hide-unauthorised": (["on", "off"], ["maybe", ""]),
    "verify-subscriptions": (["all", "resources", "none"], ["some", ""]),
    "locations": ([], [""]),  # which tables are taken: test_policy_contexts.py
    "flex-definitions": (["none"], [""]),  # which files are taken: test_flexcontainer.py
    "recheck-subscribers": (["on", "off"], ["yes", ""]),
    "unauthenticated": (["refuse", "registered", "open"], ["closed", "", "on"]),
    "profile-enforcement": (["on", "off"], ["yes", ""]),
    "audit": (["/tmp/merlon-nowhere.jsonl", "none"], [""]),
    "statistics": (["/tmp/merlon-nowhere.jsonl", "none"], [""]),
    "audit-all": (["on", "off"], ["yes", ""]),
    "stop-time": (["0", "600000"], ["600001", "-1", "1s"]),
    # which files are taken: test_tls_reload.py
    "master-key": ([], [""]),
    "tls-certificate": ([], [""]),
    "tls-key": ([], [""]),
    "tls-anchor": ([], [""]),
    "tls-crl": ([], [""]),
    "tls-crl-check": (["hard", "soft"], ["off", ""]),
    "tls-ocsp-response": ([], [""]),
    "tls-ocsp": (["asked", "required"], ["off", ""]),
    "tls-strict": (["on", "off"], ["maybe", ""]),
    "tls-client": (["none"], ["maybe", ""]),
    "tls-min": (["1.2", "1.3"], ["1.1", "1", ""]),
    "tls-max": (["1.2", "1.3"], ["1.4", "1", ""]),
    "authority": (["in.sp.example", "localhost"], ["*.sp.example", "a b", ""]),
    "limit": (["body_bytes=2048", "body-bytes=2048", "name_bytes=255"],
              ["body_bytes", "body_bytes=", "body_bytes=1", "nothing=1", "body_bytes=x", "=1"]),
}


def config(tmp_path, *lines):
    path = tmp_path / "merlon.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def check(*words):
    return run("cse", "--check-config", *words)


def sample():
    done = run("cse", "--sample-config")
    assert done.returncode == 0 and not done.stderr
    return done.stdout


# ---- settings ----


def test_every_setting_is_in_the_table_of_this_test():
    names = set(re.findall(r"^# ([a-z-]+) = ", sample(), re.M))
    assert names == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_on_the_command_line(name):
    good, bad = SETTINGS[name]
    for value in good:
        done = check(f"--{name}", value)
        assert done.returncode == 0, (value, done.stderr)
        assert done.stdout == "the settings are fine\n"
    for value in bad:
        done = check(f"--{name}={value}")
        assert done.returncode == 2, (value, done)
        assert name.split("-")[-1] in done.stderr and not done.stdout, (value, done)
        assert done.stderr.startswith("merlon cse: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_in_the_file(tmp_path, name):
    good, bad = SETTINGS[name]
    for value in good:
        done = check("--config", config(tmp_path, f"{name} = {value}"))
        assert done.returncode == 0, (value, done.stderr)
    for value in bad:
        path = config(tmp_path, "# first", "", f"  {name}={value}")
        done = check("--config", path)
        assert done.returncode == 2 and f"{path}:3: " in done.stderr, (value, done)


def test_sample_file_is_the_one_in_dist():
    assert (ROOT / "dist" / "merlon.conf").read_text(encoding="utf-8") == sample()


def test_sample_file_holds_the_defaults(tmp_path):
    """Each line with its '#' taken away is a setting that is taken."""
    lines = re.findall(r"^# ([a-z-]+ = .*)$", sample(), re.M)
    assert len(lines) > 50
    # what names files, which are not there, and what needs them; and what an IN-CSE has not
    lines = [line for line in lines if "/etc/merlon/" not in line
             and not line.startswith(("tls-client", "registrar"))]
    done = check("--config", config(tmp_path, *lines))
    assert done.returncode == 0, done.stderr
    limits = [line for line in lines if line.startswith("limit = ")]
    assert len(limits) == len(re.findall(
        r"^MLN_L\(", (ROOT / "src/base/limits.def").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("line, told", [
    ("colour = red", "no setting 'colour'"),
    ("config = other.conf", "no setting 'config'"),
    ("check-config = on", "no setting 'check-config'"),
    ("log", "name = value"),
    ("= info", "no setting ''"),
    ("log = \x01", "log"),
], ids=["unknown", "config", "check-config", "no value", "no name", "control character"])
def test_bad_lines_of_the_file(tmp_path, line, told):
    path = config(tmp_path, "log = info", "", line)
    done = check("--config", path)
    assert done.returncode == 2 and f"{path}:3: " in done.stderr and told in done.stderr, done
    assert "\x01" not in done.stderr


def test_files_that_are_none(tmp_path):
    assert check("--config", str(tmp_path / "nothing")).returncode == 2
    assert check("--config", str(tmp_path)).returncode == 2
    large = tmp_path / "large"
    large.write_text("#" * 2_000_000, encoding="ascii")
    done = check("--config", str(large))
    assert done.returncode == 2 and "larger" in done.stderr


def test_line_ends_and_blanks(tmp_path):
    path = tmp_path / "merlon.conf"
    path.write_bytes(b"log=error\r\n\t threads \t=  1 \r\n\n#log = nonsense\nlog-format = json")
    assert check("--config", str(path)).returncode == 0


def test_options_override_the_file(tmp_path):
    path = config(tmp_path, "cse-id = /id-file", "cse-name = file", "listen = http://127.0.0.1:1",
                  "listen = http://[::1]:1", "log = debug")
    server = Server(tmp_path / "data", "--config", path, "--cse-name", "line")
    with server:
        assert server.urls == [server.url], "the listeners of the line replace those of the file"
        cb = Client(server.url).retrieve("line").res
        assert (cb["csi"], cb["rn"], cb["poa"]) == ("/id-file", "line", [server.url])


@pytest.mark.parametrize("words, told", [
    (["--colour", "red"], "colour"),
    (["--cse-nme", "x"], "cse-name"),
    (["--log"], "log"),
    (["--log", "info", "--log", "debug"], "log"),
    (["--check-config=yes"], "check-config"),
    (["operand"], "operand"),
    (["-q"], "q"),
], ids=["unknown", "mistyped", "no value", "twice", "a flag with a value", "operand", "letter"])
def test_bad_command_lines(words, told):
    done = run("cse", *words)
    assert done.returncode == 2 and told in done.stderr and not done.stdout, done


def test_wrong_identities():
    assert check("--cse-id", "/x").returncode == 0
    done = run("cse", "--user", "no-such-user", "--listen", "http://127.0.0.1:0", "--store", "mem")
    if IS_ROOT:
        assert done.returncode == 2 and "no-such-user" in done.stderr, done


# ---- listeners ----


def test_one_line_for_each_listener(own):
    server = own(listen=("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted", "http://[::1]:0",
                         "http://localhost:0"))
    assert len(server.output) == 4 and server.trusted == [True, False, True, True]
    assert len({url.rsplit(":", 1)[1] for url in server.urls}) == 4
    for url, is_trusted in zip(server.urls, server.trusted):
        answer = Client(url).retrieve("cse-in")
        assert answer.rsc == (2000 if is_trusted else 4107), url
    assert server.urls[2].startswith("http://[::1]:")


def test_beyond_loopback_only_by_name(tmp_path, own):
    """The administrator has no power there. SEC-REG-11 is about listeners with associations."""
    done = run("cse", "--data", str(tmp_path / "x"), "--listen", "http://0.0.0.0:0")
    assert done.returncode == 2 and "--insecure-listen" in done.stderr, done
    done = run("cse", "--data", str(tmp_path / "x"), "--listen", "http://0.0.0.0:0,trusted")
    assert done.returncode == 2, done
    assert not (tmp_path / "x").exists(), "refused before anything is made"
    server = own("--insecure-listen", "http://0.0.0.0:0")
    assert server.trusted == [True, False]
    port = server.urls[1].rsplit(":", 1)[1]
    for _ in range(3):
        answer = Client(f"http://127.0.0.1:{port}").retrieve("cse-in")
        assert answer.rsc == 4107 and "trusted" not in answer.debug
    lines = [line for line in server.log().splitlines() if "CAdmin is the administrator on" in line]
    assert len(lines) == 1 and " info " in lines[0], "told, but not each time"
    assert Client(f"http://127.0.0.1:{port}", "Cother").retrieve("cse-in").rsc == 4107
    assert Client(server.url).retrieve("cse-in").rsc == 2000


def test_address_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = run("cse", "--data", str(tmp_path / "data"), "--listen", url)
    assert done.returncode == 5 and not done.stdout, done
    told = f"merlon cse: cannot listen on {url.removeprefix('http://')}: Address already in use\n"
    assert done.stderr == told, "nothing of what has not happened: no stop, no configuration error"


def test_address_of_another_host(tmp_path):
    done = run("cse", "--data", str(tmp_path / "data"), "--insecure-listen", "http://192.0.2.1:8080")
    assert done.returncode == 5 and not done.stdout, done


def test_port_can_be_taken_again_at_once(own):
    server = own()
    port = server.port
    Client(server.url).retrieve("cse-in")
    server.stop()
    server.listen = [f"http://127.0.0.1:{port}"]
    server.start()
    assert server.port == port


# ---- stopping ----


def test_sigterm_and_sigint_end_with_0(own):
    for number in (signal.SIGTERM, signal.SIGINT):
        server = own()
        assert Client(server.url).retrieve("cse-in").rsc == 2000
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert "finishing requests" in server.log()


def test_sighup_and_sigpipe_do_no_harm(own):
    server = own()
    for number in (signal.SIGHUP, signal.SIGPIPE):
        server.process.send_signal(number)
    assert Client(server.url).retrieve("cse-in").rsc == 2000


def test_request_that_waits_for_its_time_is_told_so(own):
    server = own("--log", "debug")
    client = Client(server.url).register("Cwait", name="wait")
    before = requests_begun(server)
    answers = []

    def ask():
        answers.append(client.create("cse-in/wait", "cnt", rn="c", headers={"X-M2M-OET": "60000"}))

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(lambda: requests_begun(server) > before, 10, "the request")
    server.stop()
    thread.join(20)
    assert answers[0].rsc == 5000 and "stops" in answers[0].debug, answers
    server.start()
    assert Client(server.url).retrieve("cse-in/wait/c").rsc == 4004


def requests_begun(server):
    """Requests that were read to their end, by the log of a server at level debug."""
    return server.log().count(" -> WORK")


def test_request_in_progress_is_finished(own):
    """A subscription whose target is slow to confirm is still answered after SIGTERM."""
    gate = threading.Event()

    def answer(_):
        gate.wait(20)
        return 2000

    with Receiver(answer) as receiver:
        server = own()
        client = Client(server.url).register("Cslow", name="slow")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            client.create("cse-in/slow", "sub", rn="s", nu=[receiver.url])))
        thread.start()
        eventually(lambda: receiver.connections, 10, "the verification")
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: "finishing requests" in server.log(), 10, "the signal")
        assert refuses_connections(server.port)
        gate.set()
        thread.join(20)
        assert answers[0].rsc == 2001, answers
        assert answers[0].headers["Connection"] == "close"
        assert server.process.wait(20) == 0


def refuses_connections(port):
    def refused():
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as peer:
                return peer.recv(1) == b""
        except OSError:
            return True

    return eventually(refused, 10, "the end of listening")


def test_stop_time_bounds_the_waiting(own):
    """And a second signal does not even wait for that."""
    gate = threading.Event()
    with Receiver(lambda _: gate.wait(30) and None) as receiver:
        for options, signals, code in ((["--stop-time", "200"], 1, 0), ([], 2, 1)):
            server = own("--limit", "verify_ms=20000", *options)
            client = Client(server.url).register("Cslow", name="slow")
            connections = receiver.connections
            thread = threading.Thread(target=lambda c=client: quietly(
                lambda: c.create("cse-in/slow", "sub", nu=[receiver.url])))
            thread.start()
            eventually(lambda n=connections: receiver.connections > n, 10, "the verification")
            begun = time.monotonic()
            for _ in range(signals):
                server.process.send_signal(signal.SIGTERM)
                eventually(lambda s=server: "finishing" in s.log(), 10, "the signal")
            assert server.process.wait(10) == code
            assert time.monotonic() - begun < 8
            server.kill()  # nothing is left of it but the object
            thread.join(30)
        gate.set()


def quietly(call):
    try:
        call()
    except Exception:  # pylint: disable=broad-except
        pass  # the connection was cut, as it should


def test_notification_under_way_comes_after_the_next_start(own):
    taken = []

    def answer(received):
        if received.is_verification:
            return 2000
        if not taken:
            taken.append(received)
            return None  # the first attempt gets no answer
        return 2000

    with Receiver(answer) as receiver:
        server = own()
        client = Client(server.url).register("Cnote", name="note")
        assert client.create("cse-in/note", "cnt", rn="c").rsc == 2001
        assert client.create("cse-in/note/c", "sub", nu=[receiver.url], enc={"net": [3]}).rsc == 2001
        receiver.verification()
        assert client.create("cse-in/note/c", "cin", con="important").rsc == 2001
        eventually(lambda: taken, 10, "the first attempt")
        server.stop()
        receiver.drain()
        server.start()
        assert receiver.next().rep["m2m:cin"]["con"] == "important"
        receiver.nothing(0.2)


# ---- starting ----


def test_starts_with_what_it_left(own):
    server = own()
    client = Client(server.url).register("Ckeep", name="keep")
    for i in range(20):
        assert client.create("cse-in/keep", "cnt", rn=f"c{i}").rsc == 2001
    before = client.retrieve("cse-in/keep", query={"rcn": 4}).pc
    begun = time.monotonic()
    server.restart()
    print(f"stop and start: {time.monotonic() - begun:.3f} s")
    again = Client(server.url, "Ckeep")
    assert again.retrieve("cse-in/keep", query={"rcn": 4}).pc == before


@pytest.mark.parametrize("option, value, told", [
    ("--cse-id", "/id-other", "/id-other"), ("--cse-name", "other", "other")])
def test_data_of_another_cse_is_refused(own, option, value, told):
    server = own()
    server.stop()
    done = run("cse", "--data", str(server.data), "--listen", "http://127.0.0.1:0", option, value)
    assert done.returncode == 2 and told in done.stderr and "belongs to" in done.stderr, done
    assert run("store", "check", "--data", str(server.data)).returncode == 0


def test_settings_that_may_change_between_starts(own):
    server = own("--cse-type", "in")
    server.stop()
    server.options = ["--cse-type", "mn", "--poa", "http://cse.example"]
    server.start()
    cb = Client(server.url).retrieve("cse-in").res
    assert (cb["cst"], cb["poa"]) == (2, ["http://cse.example"])


def test_data_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x", encoding="ascii")
    for path in (tmp_path / "file", tmp_path / "no" / "such" / "parent"):
        done = run("cse", "--data", str(path), "--listen", "http://127.0.0.1:0")
        assert done.returncode == 1 and str(path) in done.stderr and not done.stdout, done


def test_damaged_data_is_told_so(own):
    server = own()
    client = Client(server.url).register("Ckeep", name="keep")
    for i in range(50):
        assert client.create("cse-in/keep", "cnt", rn=f"c{i}").rsc == 2001
    server.stop()
    (data,) = server.data.glob("*.mdb")
    whole = data.read_bytes()
    for damage in (whole[:len(whole) // 2], b"\xff" * 8192 + whole[8192:], b"not a database"):
        data.write_bytes(damage)
        done = run("cse", "--data", str(server.data), "--listen", "http://127.0.0.1:0")
        assert done.returncode == 4 and str(data) in done.stderr and not done.stdout, done
    data.write_bytes(whole)
    assert run("store", "check", "--data", str(server.data)).returncode == 0


def test_newer_data_is_refused(own):
    server = own()
    server.stop()
    (data,) = server.data.glob("*.mdb")
    whole = data.read_bytes()
    fact = b"format\0\0\0\0\0\0\0"  # the key, and a number in eight bytes
    assert fact + b"\1" in whole
    data.write_bytes(whole.replace(fact + b"\1", fact + b"\x63"))
    for words in (["cse", "--listen", "http://127.0.0.1:0"], ["store", "check"], ["store", "stats"]):
        done = run(*words, "--data", str(server.data))
        assert done.returncode == 4 and "newer" in done.stderr and "99" in done.stderr, done
    data.write_bytes(whole)
    server.start()


# ---- the process ----


def status_of(path):
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)


@pytest.mark.skipif(not IS_ROOT, reason="there is nothing to give up without being root")
def test_privileges_are_dropped(own):
    server = own()
    tasks = list(os.scandir(f"/proc/{server.pid}/task"))
    assert len(tasks) >= 4
    for task in tasks:
        status = status_of(ROOT / task.path / "status")
        assert set(status["Uid"].split()) == {"65534"}, (task.name, status["Uid"])
        assert set(status["Gid"].split()) == {"65534"}, (task.name, status["Gid"])
        assert not status["Groups"].strip(), (task.name, status["Groups"])
        assert status["NoNewPrivs"] == "1", task.name
        assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0, task.name
    assert server.data.stat().st_uid == 65534
    assert all(entry.stat().st_uid == 65534 for entry in server.data.iterdir())
    limits = (ROOT / f"/proc/{server.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits


@pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
def test_only_its_own_files_are_given_to_the_user(own, tmp_path):
    """Not what else lies there, not what a link leads to, and no directory that others use."""
    server = own()
    backup = server.data / "backup"
    backup.write_text("of root")
    server.stop()
    server.start()
    assert backup.stat().st_uid == 0 and server.data.stat().st_uid == 65534
    server.stop()
    secret = tmp_path / "secret"
    secret.write_text("of root")
    os.link(secret, server.data / "store.link")
    refused = run("cse", "--data", str(server.data), "--listen", "http://127.0.0.1:0")
    assert refused.returncode and secret.stat().st_uid == 0, refused.stderr
    (server.data / "store.link").unlink()
    (server.data / "store.lock").unlink()
    (server.data / "store.lock").symlink_to(secret)
    refused = run("cse", "--data", str(server.data), "--listen", "http://127.0.0.1:0")
    assert refused.returncode and secret.read_text() == "of root", refused.stderr
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_text("of root")
    refused = run("cse", "--data", str(shared), "--listen", "http://127.0.0.1:0")
    assert refused.returncode and "directory of the server's own" in refused.stderr
    assert shared.stat().st_uid == 0 and (shared / "file").stat().st_uid == 0


def test_data_is_for_its_owner_only(own):
    server = own()
    assert server.data.stat().st_mode & 0o077 == 0
    assert all(entry.stat().st_mode & 0o077 == 0 for entry in server.data.iterdir())


def test_more_files_are_allowed_for_connections(own):
    server = own(wrapper=("prlimit", "--nofile=256:4096"))
    limits = (ROOT / f"/proc/{server.pid}/limits").read_text()
    assert re.search(r"^Max open files +4096 +4096 ", limits, re.M), limits


# ---- log ----


def test_json_lines(own):
    server = own("--log", "debug", "--log-format", "json")
    client = Client(server.url)
    client.retrieve("cse-in/\"quoted\\\"")
    client.As("Cx\"y").retrieve("cse-in")
    client.request("POST", "cse-in", b"\xff\xfe{", ty=3)
    server.stop()
    lines = server.log().splitlines()
    assert len(lines) >= 4
    for line in lines:
        row = json.loads(line)
        assert set(row) == {"time", "level", "area", "text"}, row


@pytest.mark.parametrize("form", ["text", "json"])
def test_requests_cannot_write_lines_into_the_log(own, form):
    server = own("--log", "debug", "--log-format", form)
    client = Client(server.url)
    evil = "x\n20300101T000000 error forged line\r\x1b[2J\u2028\u0085"
    for body in ({"m2m:cnt": {"rn": evil}}, {"m2m:cnt": {evil: 1}}, {evil: {}},
                 {"m2m:cnt": {"lbl": [evil], "acpi": [evil]}}):
        assert client.create("cse-in", 3, content=body).rsc == 4000
    client.retrieve("cse-in/%0a20300101T000000%20error%20forged")
    client.retrieve("cse-in", query={"lbl": evil, "fu": 1})
    client.retrieve("cse-in", query={evil: 1})
    client.As("Cx").request("GET", "cse-in", headers={"X-M2M-RI": "\x1b[31mred"}, check=False)
    server.stop()
    text = server.log_path.read_bytes()
    assert b"\x1b" not in text and b"\r" not in text and b"\x00" not in text
    assert not any(line.startswith(b"20300101") for line in text.splitlines())
    for line in text.decode().split("\n")[:-1]:
        assert line.isprintable(), line


def test_log_level(own):
    server = own("--log", "error")
    client = Client(server.url)
    client.retrieve("cse-in/nothing")
    server.stop()
    assert server.log() == ""


# ---- merlon store ----


def tree_of(url):
    return Client(url).retrieve("cse-in", query={"rcn": 4}).pc


def fill(server, name="fill", count=30):
    client = Client(server.url).register(f"C{name}", name=name)
    for i in range(count):
        assert client.create(f"cse-in/{name}", "cnt", rn=f"c{i}", lbl=["a", f"b{i}"]).rsc == 2001
        assert client.create(f"cse-in/{name}/c{i}", "cin", con={"n": i, "t": "äö\x00"}).rsc == 2001
    return client


def test_store_check_and_stats(own):
    server = own()
    fill(server)
    for _ in range(2):  # beside the running server, and alone
        done = run("store", "check", "--data", str(server.data))
        assert done.returncode == 0 and done.stdout == "the store is sound\n", done
        done = run("store", "stats", "--data", str(server.data), "--json")
        stats = json.loads(done.stdout)
        assert stats["byType"] == {"AE": 1, "container": 30, "contentInstance": 30, "CSEBase": 1}
        assert stats["resources"] == 62 and 0 < stats["bytesUsed"] < stats["bytesMax"]
        assert run("store", "stats", "--data", str(server.data)).stdout.startswith("data format")
        server.stop()


def test_backup_and_restore_give_the_same_tree(own, tmp_path):
    server = own()
    fill(server)
    before = tree_of(server.url)
    file = tmp_path / "backup"
    assert run("store", "backup", str(file), "--data", str(server.data)).returncode == 0
    assert file.stat().st_mode & 0o077 == 0, "a backup holds everything"
    Client(server.url).delete("cse-in/fill")
    server.stop()
    done = run("store", "restore", str(file), "--data", str(tmp_path / "again"))
    assert done.returncode == 0, done
    server.data = tmp_path / "again"
    server.start()
    assert tree_of(server.url)["m2m:cb"]["m2m:ae"] == before["m2m:cb"]["m2m:ae"]
    assert run("store", "check", "--data", str(server.data)).returncode == 0


def test_backup_while_writing(own, tmp_path):
    """A copy of one moment: of the pairs that a writer makes, never the second without the first."""
    server = own()
    client = Client(server.url).register("Cpair", name="pair")
    stopping = threading.Event()
    failures = []

    def write():
        i = 0
        try:
            while not stopping.is_set():
                assert client.create("cse-in/pair", "cnt", rn=f"first{i}").rsc == 2001
                assert client.create("cse-in/pair", "cnt", rn=f"second{i}").rsc == 2001
                i += 1
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for i in range(5):
            done = run("store", "backup", str(tmp_path / f"b{i}"), "--data", str(server.data))
            assert done.returncode == 0, done
    finally:
        stopping.set()
        writer.join()
    assert not failures, failures
    server.stop()
    for i in range(5):
        data = tmp_path / f"r{i}"
        done = run("store", "restore", str(tmp_path / f"b{i}"), "--data", str(data))
        assert done.returncode == 0, done
        assert run("store", "check", "--data", str(data)).returncode == 0
        server.data = data
        server.start()
        names = names_of(server)
        assert all(f"first{n[6:]}" in names for n in names if n.startswith("second"))
        server.stop()


def names_of(server):
    answer = Client(server.url).retrieve("cse-in/pair", query={"rcn": 8})
    return {c["rn"] for c in answer.res.get("m2m:cnt", [])}


def test_store_commands_refuse(own, tmp_path):
    server = own()
    file = tmp_path / "backup"
    data = ["--data", str(server.data)]
    assert run("store", "backup", str(file), *data).returncode == 0
    done = run("store", "backup", str(file), *data)
    assert done.returncode == 1 and str(file) in done.stderr, "an existing file is not overwritten"
    done = run("store", "restore", str(file), *data)
    assert done.returncode == 3, done
    server.stop()
    done = run("store", "restore", str(file), *data)
    assert done.returncode == 1, "nobody has the store"
    assert done.stderr == f"merlon store: {server.data} holds a store already\n", done
    whole = file.read_bytes()
    for damage in (whole[:-20], whole[:30], b"", b"nonsense" * 10,
                   whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]):
        file.write_bytes(damage)
        done = run("store", "restore", str(file), "--data", str(tmp_path / "again"))
        assert done.stderr.startswith(f"merlon store: {file} ")
        assert done.returncode == 4 and not (tmp_path / "again" / "data.mdb").exists(), done
        assert not (tmp_path / "again").exists(), "nothing stays"
    (tmp_path / "empty").mkdir()
    assert run("store", "restore", str(file), "--data", str(tmp_path / "empty")).returncode == 4
    assert not list((tmp_path / "empty").iterdir())
    for words in ([], ["polish"], ["check", "x"], ["backup", "-"], ["restore", "-"],
                  ["backup"], ["restore"], ["stats", "--xml"]):
        done = run("store", *words)
        assert done.returncode == 2 and "error" not in done.stderr, (words, done)
    done = run("store", "check", "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 1, done
    assert done.stderr == f"merlon store: there is no store in {tmp_path / 'nowhere'}\n", done
    assert not (tmp_path / "nowhere").exists()


def test_program_without_words():
    done = subprocess.run([binary()], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2

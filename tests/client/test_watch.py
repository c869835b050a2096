"""`merlon watch`: subscribes, prints, and leaves nothing behind."""

import json
import os
import re
import signal
import socket
import threading
import time
import urllib.request
from datetime import datetime, timezone

import pytest
from fake_cse import answer, unused_port

OK, FAILED, USAGE, NO_ANSWER, REFUSED, RECEIVER, NOT_FOUND, DENIED, CONFLICT = range(9)


@pytest.fixture
def container(merlon, ae):
    merlon("create", ae, "cnt", "rn=c1", code=OK)
    return f"{ae}/c1"


def watch(merlon, target, *words, **options):
    """Started, and the subscription stands."""
    running = merlon.start("watch", target, *words, **options)
    running.said = running.message()
    assert running.said.startswith(f"merlon: watching {target} at http://127.0.0.1:"), running.said
    return running


def subscriptions(admin, target):
    return admin.discover(target, ty=23)


def test_watch_prints_what_happens_and_cleans_up_at_ctrl_c(merlon, admin, container):
    with watch(merlon, container) as running:
        (path,) = subscriptions(admin, container)
        assert re.fullmatch(rf"{container}/watch-[0-9a-f]{{16}}", path)
        admin.create(container, "cin", rn="i1", con="hot", lbl=["a"])
        line = running.line()
        assert line.startswith("child-created m2m:cin i1 ")
        assert set(line.split()[3:]) == {'lbl=["a"]', 'con="hot"'}
        admin.update(container, "cnt", mni=1)
        assert re.fullmatch(r"update m2m:cnt c1 .*\bmni=1\b.*", running.line())
        admin.delete(f"{container}/i1")
        assert running.line().startswith("child-deleted m2m:cin i1")
        assert running.end(signal.SIGINT) == (OK, "", "")
    assert subscriptions(admin, container) == []


def test_watch_takes_the_notice_of_its_own_end(alone, fake):
    """It comes after the answer to the DELETE; unanswered, a CSE would repeat it for an hour."""
    told = []
    deleted = threading.Event()

    def tell(url):
        deleted.wait(10)
        request = urllib.request.Request(url, b'{"m2m:sgn": {"sud": true, "sur": "x/s"}}', {
            "X-M2M-Origin": "/id-2", "X-M2M-RI": "1", "X-M2M-RVI": "3",
            "Content-Type": "application/json"})
        told.append(urllib.request.urlopen(request, timeout=10).status)

    def say(request):
        if request.method == "POST":
            teller = threading.Thread(target=tell, args=(request.pc["m2m:sub"]["su"],))
            told.append(teller)
            teller.start()
            return answer(2001, {"m2m:sub": {"ri": "s"}}, Content_Location="x/s")
        deleted.set()
        return answer(2002)

    fake.answers = say
    alone.set(MERLON_URL=fake.url, MERLON_ORIGINATOR="Cx")
    with watch(alone, "x") as running:
        assert running.end(signal.SIGINT) == (OK, "", "")
    told[0].join()
    assert told[1:] == [200]


def test_a_short_life_is_not_cut(alone, fake):
    """Whole seconds are sent: rounded down, a life of one second could end at once."""
    def say(request):
        if request.method == "POST":
            ends = datetime.strptime(request.pc["m2m:sub"]["et"], "%Y%m%dT%H%M%S")
            lives.append(ends.replace(tzinfo=timezone.utc).timestamp() - time.time())
        return answer(4103)

    lives = []
    fake.answers = say
    alone.set(MERLON_URL=fake.url, MERLON_ORIGINATOR="Cx")
    for _ in range(5):
        alone("watch", "x", "--expire", "30", code=DENIED)
    assert all(29.5 < life < 31.1 for life in lives) and max(lives) > 30, lives


def test_watch_ends_after_a_number_and_at_sigterm(merlon, admin, container):
    with watch(merlon, container, "-n", "2", "-f", "json") as running:
        for i in range(3):
            admin.create(container, "cin", con=str(i))
        code, out, errors = running.end()
        assert code == OK and errors == ""
        first, second = map(json.loads, out.splitlines())
        assert first["nev"]["rep"]["m2m:cin"]["con"] == "0" and first["nev"]["net"] == 3
        assert second["nev"]["rep"]["m2m:cin"]["con"] == "1"
    assert subscriptions(admin, container) == []
    with watch(merlon, container) as running:
        assert running.end(signal.SIGTERM) == (OK, "", "")
    assert subscriptions(admin, container) == []


def test_watch_chooses_events_and_content(merlon, admin, container):
    words = ["--events", "update,child-created", "--content", "all", "--name", "mine"]
    with watch(merlon, container, *words, "--expire", "0") as running:
        subscription = admin.retrieve(f"{container}/mine").res
        assert subscription["enc"] == {"net": [1, 3]} and subscription["nct"] == 1
        running.end(signal.SIGINT)
    with watch(merlon, container, "--content", "id", "-e", "3") as running:
        created = admin.create(container, "cin", rn="i9", con="x")
        line = running.line()
        assert line.startswith("child-created m2m:uri ")
        assert line.split()[-1] in (created["ri"], f"{container}/i9")
        running.end(signal.SIGINT)


def test_watch_gives_its_subscription_an_end_and_renews_it(merlon, admin, container):
    with watch(merlon, container, "--expire", "6", "--name", "short") as running:
        first = admin.retrieve(f"{container}/short").res["et"]
        done = threading.Event()
        for _ in range(300):  # renewed after three seconds
            later = admin.retrieve(f"{container}/short").res["et"]
            if later > first:
                break
            done.wait(0.1)
        assert later > first
        assert running.end(signal.SIGINT) == (OK, "", "")


def test_watch_tells_when_the_subscription_goes(merlon, admin, container):
    with watch(merlon, container, "--name", "sub") as running:
        admin.delete(f"{container}/sub")
        code, out, errors = running.end()
        assert (code, out) == (FAILED, "")
        assert errors == "merlon: the CSE has deleted the subscription\n"


def test_watch_ends_when_nobody_reads(merlon, admin, container):
    with watch(merlon, container) as running:
        running.process.stdout.close()
        admin.create(container, "cin", con="x")
        assert running.process.wait(30) == FAILED
        assert running.process.stderr.read() == ""
        running.process.stdout = open(os.devnull)  # pylint: disable=consider-using-with
    assert subscriptions(admin, container) == []


def test_watch_tells_why_it_cannot(merlon, alone, ae, container):
    assert "4004" in merlon("watch", f"{ae}/nothing", code=NOT_FOUND).stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = merlon("watch", container, "--listen", address, code=FAILED)
        assert "cannot listen" in done.stderr
    for words, why in [(["--listen", "nonsense"], "is no address"), ([], "a target is missing"),
                       (["x", "y"], "too many"), (["x", "--events", "birth"], "no event type"),
                       (["x", "--content", "some"], "none of all, modified, id"),
                       (["x", "--count", "-1"], "count"), (["x", "--expire", "x"], "expire")]:
        target = [container] if words[:1] == ["--listen"] else []
        assert why in merlon("watch", *target, *words, code=USAGE).stderr
    port = unused_port()
    alone("watch", "x", "--url", f"http://127.0.0.1:{port}", code=NO_ANSWER)


def test_the_receiver_takes_notifications_at_its_own_path_only(merlon, container):
    with watch(merlon, container, "-f", "json") as running:
        url = running.said.rsplit(" ", 1)[1]
        body = json.dumps({"m2m:sgn": {"sur": "x", "forged": True}}).encode()
        for target, status in [(url.rsplit("/", 1)[0] + "/", 404), (url + "x", 404), (url, 200)]:
            request = urllib.request.Request(target, data=body, method="POST", headers={
                "Content-Type": "application/json", "X-M2M-RI": "1", "X-M2M-RVI": "3"})
            try:
                with urllib.request.urlopen(request, timeout=10) as response:
                    found = response.status
            except urllib.error.HTTPError as error:
                found = error.code
            assert found == status
        assert json.loads(running.line()) == {"sur": "x", "forged": True}
        assert running.end(signal.SIGINT) == (OK, "", "")


def test_watch_works_with_cses_that_tell_little(alone, fake):
    """No content in the answer, an absolute Content-Location; another URL for the callback."""
    fake.answers = lambda r: answer(2001, Content_Location=f"{fake.url}/cse/c1/sub1") \
        if r.method == "POST" else answer(2002)
    alone.set(MERLON_URL=fake.url, MERLON_ORIGINATOR="Cme")
    words = ["--callback-url", "http://gateway.example:9/in/", "--listen", "127.0.0.1:0"]
    with watch(alone, "cse/c1", *words) as running:
        path = running.said.rsplit("/", 1)[1]
        assert running.end(signal.SIGINT) == (OK, "", "")
    post, delete = fake.requests
    assert post.pc["m2m:sub"]["nu"] == [f"http://gateway.example:9/in/{path}"]
    assert post.pc["m2m:sub"]["su"] == post.pc["m2m:sub"]["nu"][0]
    assert post.pc["m2m:sub"]["enc"] == {"net": [1, 2, 3, 4]}
    assert (delete.method, delete.path) == ("DELETE", "/cse/c1/sub1")
    # nothing at all: the name that was asked for tells the place
    fake.answers = lambda r: answer(2001) if r.method == "POST" else answer(2002)
    with watch(alone, "cse/c1", "--name", "mine") as running:
        running.end(signal.SIGINT)
    assert fake.requests[-1].path == "/cse/c1/mine"


def test_watch_says_when_it_leaves_something_behind(alone, fake):
    fake.answers = lambda r: answer(2001) if r.method == "POST" else answer(5000)
    alone.set(MERLON_URL=fake.url)
    with watch(alone, "cse/c1", "--name", "mine") as running:
        code, _, errors = running.end(signal.SIGINT)
    assert code == RECEIVER and "the subscription cse/c1/mine is left behind" in errors


def test_a_signal_before_the_subscription_stands_leaves_nothing_behind(alone, fake):
    """The CREATE is on its way when Ctrl-C comes: its answer is waited for, then it is undone."""
    arrived, go_on = threading.Event(), threading.Event()

    def say(request):
        if request.method == "POST":
            arrived.set()
            go_on.wait(30)
            return answer(2001)
        return answer(2002)

    fake.answers = say
    alone.set(MERLON_URL=fake.url)
    with alone.start("watch", "cse/c1", "--name", "mine") as running:
        assert arrived.wait(30)
        running.process.send_signal(signal.SIGINT)
        go_on.set()
        code, _, _ = running.end()
    assert code == OK and [r.method for r in fake.requests] == ["POST", "DELETE"]

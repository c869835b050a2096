"""`merlon cse --check-config` and the configuration file: refused is what the start would refuse."""

import os

import pytest
from lib.server import run

REFUSED = {
    "plain text beyond loopback": (["--listen", "http://0.0.0.0:80"], 2, "--insecure-listen"),
    "trust beyond loopback": (["--listen", "http://192.0.2.1:1,trusted"], 2, "--insecure-listen"),
    "no such host": (["--listen", "http://no-such-host.invalid:1"], 2, "no-such-host.invalid"),
    "second of two": (["--listen", "http://127.0.0.1:0", "--listen", "http://0.0.0.0:1"], 2, "0.0.0.0:1"),
    "data is a file": (["--data", "/etc/passwd"], 1, "/etc/passwd is not a directory"),
    "data below a file": (["--data", "/etc/passwd/x/"], 1, "/etc/passwd"),
    "data below nothing": (["--data", "/tmp/no/such/parent"], 1, "/tmp/no/such"),
}


def config(tmp_path, *lines):
    path = tmp_path / "merlon.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", REFUSED)
def test_check_refuses_what_the_start_refuses(name):
    words, code, told = REFUSED[name]
    for more in (["--check-config"], []):
        done = run("cse", *words, *more)
        assert done.returncode == code and told in done.stderr and not done.stdout, (more, done)


def test_check_refuses_the_listener_of_a_file(tmp_path):
    done = run("cse", "--check-config", "--config", config(tmp_path, "listen = http://0.0.0.0:80"))
    assert done.returncode == 2 and "--insecure-listen" in done.stderr and not done.stdout, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes a user")
def test_check_refuses_an_unknown_user():
    done = run("cse", "--check-config", "--user", "no-such-user")
    assert done.returncode == 2 and "no-such-user" in done.stderr, done


def test_check_makes_nothing_and_takes_what_would_start(tmp_path):
    for data in ("x", "x/", "./x", ".", "./"):
        done = run("cse", "--check-config", "--data", data, cwd=tmp_path)
        assert done.returncode == 0 and done.stdout == "the settings are fine\n", done
    done = run("cse", "--check-config", "--data", "/tmp/no/such", "--store", "mem")
    assert done.returncode == 0, "the data directory is not used then"
    assert not list(tmp_path.iterdir())


def test_every_error_of_a_file_is_told(tmp_path):
    path = config(tmp_path, "colour = red", "log = info", "threads = two", "listen", "", "limit = x=1")
    done = run("cse", "--check-config", "--config", path)
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and len(lines) == 4, done
    for number, line in zip((1, 3, 4, 6), lines):
        assert line.startswith(f"merlon cse: {path}:{number}: "), line


def test_a_file_of_nonsense_is_not_told_to_its_end(tmp_path):
    done = run("cse", "--check-config", "--config", config(tmp_path, *["nonsense"] * 5000))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 20


def test_a_setting_given_twice_in_a_file_is_refused(tmp_path):
    path = config(tmp_path, "threads = 1", "threads = 2")
    done = run("cse", "--check-config", "--config", path)
    assert done.returncode == 2 and f"{path}:2: threads is set twice" in done.stderr, done
    path = config(tmp_path, "listen = http://127.0.0.1:1", "listen = http://127.0.0.1:2",
                  "poa = http://a.example", "poa = http://b.example", "limit = body_bytes=2048",
                  "limit = name_bytes=99")
    done = run("cse", "--check-config", "--config", path)
    assert done.returncode == 0, ("those may be repeated", done)


@pytest.mark.parametrize("line, told", [
    ("cse-nme = x", "there is no setting 'cse-nme', did you mean cse-name?"),
    ("check-confi = x", "there is no setting 'check-confi'\n"),
    ("limit = body_byte=2048", "there is no limit 'body_byte', did you mean body_bytes?"),
    ("limit = bodybytes=2048", "there is no limit 'bodybytes', did you mean body_bytes?"),
    ("limit = zzzzzz=1", "there is no limit 'zzzzzz'\n"),
])
def test_mistyped_names_get_a_hint(tmp_path, line, told):
    done = run("cse", "--check-config", "--config", config(tmp_path, line))
    assert done.returncode == 2 and told in done.stderr, done


def test_help_says_once_what_may_be_repeated():
    words = " ".join(run("cse", "--help").stdout.split())
    assert "repeated" not in words and words.count("; repeatable") == 15
    sample = run("cse", "--sample-config").stdout
    assert sample.count("# May be repeated.\n") == 14 and sample.count("repeat") == 14

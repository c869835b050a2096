"""TLS of the client commands, against the real server: who proves what to whom, and why it fails.

security.md 14 to 17; TS-0003 10.2
"""

import datetime
import re
import socket
import subprocess

import pytest
from lib.command import Command
from lib.program import compile_with_library
from lib.server import Server, eventually
from lib.tls import SP, Lab, cert_maker, credentials_of, logged

OK, FAILED, USAGE, NO_ANSWER, DENIED = 0, 1, 2, 3, 7
IN = f"{SP}/in"
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Lab()
    made.home = tmp_path_factory.mktemp("keys")
    made.other = cert_maker.Authority("other", permits=[cert_maker.dns("sp.example"), cert_maker.dns("localhost"),
                                                        cert_maker.uri("sp.example")])
    made.other_anchor = made.write("other.pem", cert_maker.pem(made.other.cert))
    for name, stem in (("k1", "Sone"), ("k2", "Stwo")):
        made.add_key(name, "--ae-id", stem)
        write_key(made, name, made.keys[name][1])
    write_key(made, "wrong", "5a" * 32)
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    return lab.start("required")


@pytest.fixture
def merlon(server, tmp_path):
    """The command at a CSE that wants to know who is there."""
    return Command(tmp_path, f"https://localhost:{server.port}")


def write_key(lab, name, text, mode=0o600):
    path = lab.home / f"{name}.psk"
    path.write_text(f"{text}\n")
    path.chmod(mode)
    return path


def psk(lab, name, identity=None):
    return ["--psk-id", identity or lab.keys[name][0], "--psk-file", lab.home / f"{name}.psk"]


def certificate(pair):
    return ["--certificate", pair[0], "--key", pair[1]]


def test_http_and_https_mixed_up(tmp_path):
    """The message says what to look at."""
    lab = Lab()
    try:
        lab.add_key("k", "--ae-id", "Sone")
        server = lab.start("none", listen=["http://127.0.0.1:0"])
        secure, plain = (url.split("://")[1] for url in server.urls)
        keys = ["--psk-id", lab.keys["k"][0], "--psk-file", write_key_in(tmp_path, lab.keys["k"][1])]
        done = Command(tmp_path, f"https://{plain}")("retrieve", *keys, "-o", "Sone", "cse-in", code=NO_ANSWER)
        assert "is it http, not https?" in done.stderr
        done = Command(tmp_path, f"http://{secure}")("retrieve", "-o", "Sone", "cse-in", code=NO_ANSWER)
        assert "is it https, not http?" in done.stderr
    finally:
        lab.close()


@pytest.mark.parametrize("has_key", [False, True])
def test_a_listener_that_nobody_can_use(tmp_path, has_key):
    """A server that is started before there is a key, or a certificate, says so."""
    if has_key:
        Command(tmp_path, None)("key", "add", "--data", tmp_path / "data", "--id", "k@sp.example", "--ae-id", "Sone",
                                "--show", code=OK)
    with Server(tmp_path / "data", listen=["https://127.0.0.1:0"]) as server:
        assert server.urls
    assert ("nobody can connect" in server.log()) == (not has_key)
    with Server(tmp_path / "plain") as server:
        assert "nobody can connect" not in server.log()


def write_key_in(folder, text):
    path = folder / "k.psk"
    path.write_text(text)
    path.chmod(0o600)
    return path


def register(merlon, stem, *words, code=OK):
    return merlon("create", "-o", stem, "cse-in", "ae", "api=Nexample", "rr=false", "srv=3", *words, code=code)


# ---- keys ----


def test_a_pre_shared_key(lab, server, merlon):
    """SEC-SAE-01: with the key the AE is registered, and no other AE-ID is believed"""
    register(merlon, "Sone", *psk(lab, "k1"))
    assert "12-k1@sp.example" in credentials_of(server)
    merlon("retrieve", "-o", "Sone", "Sone", *psk(lab, "k1"), code=OK)
    assert "4106" in register(merlon, "Stwo", *psk(lab, "k1"), code=DENIED).stderr
    merlon("delete", "-o", "Sone", "Sone", *psk(lab, "k1"), code=OK)


def test_the_key_as_merlon_key_writes_it(lab, server, merlon, tmp_path):
    """--key-out, and the same key as base64url"""
    import base64

    path = tmp_path / "made.key"
    lab.merlon("key", "add", "--data", lab.data, "--id", "made@sp.example", "--ae-id", "Smade", "--key-out", path)
    lab.own_data()
    server.process.send_signal(1)
    merlon_words = ["--psk-id", "made@sp.example", "--psk-file"]
    for _ in range(50):
        done = merlon("retrieve", "-o", "Smade", "nothing", *merlon_words, path)
        if done.returncode != NO_ANSWER:
            break
    assert "4106" in done.stderr, done.stderr  # the key is believed, and the AE is not registered yet
    text = base64.urlsafe_b64encode(bytes.fromhex(path.read_text().strip())).decode().rstrip("=")
    other = tmp_path / "base64"
    other.write_text(text)
    other.chmod(0o600)
    assert merlon("retrieve", "-o", "Smade", "nothing", *merlon_words, other).stderr == done.stderr


@pytest.mark.parametrize("name, identity", [("wrong", "k1@sp.example"), ("wrong", "nobody@sp.example"),
                                            ("k2", "k1@sp.example")])
def test_a_wrong_key(lab, merlon, name, identity):
    """The CSE ends the handshake; the message says so and shows no key. An unknown identity looks the same."""
    done = merlon("retrieve", "-o", "Sone", "cse-in", *psk(lab, name, identity), code=NO_ANSWER)
    assert "the CSE ended the TLS connection with the alert '" in done.stderr, done.stderr
    digits = (lab.home / f"{name}.psk").read_text().strip()
    assert digits[:16] not in done.stderr + done.stdout
    assert "no credential" not in done.stderr


def test_wrong_key_and_unknown_identity_look_the_same(lab, merlon):
    told = [merlon("retrieve", "-o", "Sone", "cse-in", *psk(lab, "wrong", f"{name}@sp.example"), code=NO_ANSWER).stderr
            for name in ("k1", "nobody")]
    assert told[0] == told[1]


# ---- certificates ----


def test_mutual_certificates(lab, server, merlon):
    """SEC-SAE-02: each side believes the other by its certificate"""
    words = ["--anchor", lab.anchor, *certificate(lab.ae)]
    register(merlon, "Sdev", *words)
    assert f"33-{SP}/Sdev" in credentials_of(server)
    assert "4106" in register(merlon, "Sother", *words, code=DENIED).stderr
    merlon("delete", "-o", "Sdev", "Sdev", *words, code=OK)


def test_without_a_certificate_of_ours(lab, merlon):
    """The CSE wants one, and says so."""
    done = merlon("retrieve", "-o", "Sdev", "cse-in", "--anchor", lab.anchor, code=NO_ANSWER)
    assert "certificate required" in done.stderr or "handshake failure" in done.stderr, done.stderr
    assert "no credential is set for this CSE" in done.stderr


def test_a_certificate_of_ours_from_another_authority(lab, merlon):
    """The CSE does not believe us."""
    pair = lab.issue("stranger", cert_maker.uri(f"m2m:{SP}/Sdev"), authority=lab.other)
    done = merlon("retrieve", "-o", "Sdev", "cse-in", "--anchor", lab.anchor, *certificate(pair), code=NO_ANSWER)
    assert "alert" in done.stderr, done.stderr


def test_the_wrong_authority(lab, server, merlon):
    """SEC-SAE-08: we do not believe the CSE; nothing of the request reaches it"""
    before = len(credentials_of(server))
    done = merlon("retrieve", "-o", "Sdev", "cse-in", "--anchor", lab.other_anchor, *certificate(lab.ae),
                  code=NO_ANSWER)
    assert re.search(r"https://localhost:\d+: certificate 0 .*", done.stderr), done.stderr
    assert len(credentials_of(server)) == before


def test_no_anchor_is_never_the_system_s(lab, server, merlon, tmp_path):
    """The system's store, and what libcurl and OpenSSL take from the environment, count for nothing."""
    merlon.set(SSL_CERT_FILE=str(lab.anchor), CURL_CA_BUNDLE=str(lab.anchor), SSL_CERT_DIR=str(tmp_path))
    done = merlon("retrieve", "-o", "Sdev", "cse-in", code=NO_ANSWER)
    assert "no trust anchor is set" in done.stderr and "no credential is set for this CSE" in done.stderr
    done = merlon("retrieve", "-o", "Sdev", "cse-in", *certificate(lab.ae), code=USAGE)
    assert "no trust anchor" in done.stderr


# ---- who the CSE is ----


def test_the_cse_id_is_checked(lab, server, merlon):
    """SEC-SAE-08: by its certificate; then the host of the URL may be any"""
    words = ["-o", "Sdev", "nothing", "--anchor", lab.anchor, *certificate(lab.ae)]
    answered = merlon("retrieve", *words).stderr
    assert "4106" in answered  # by the CSE
    merlon.set(MERLON_URL=f"https://127.0.0.1:{server.port}")
    assert "certificate 0" in merlon("retrieve", *words, code=NO_ANSWER).stderr
    assert merlon("retrieve", *words, "--cse-id", IN).stderr == answered
    done = merlon("retrieve", *words, "--cse-id", f"{SP}/other", code=NO_ANSWER)
    assert "certificate 0" in done.stderr
    # the domain of another CSE than the IN-CSE has both in it: other.in.sp.example, in.in.sp.example
    merlon("retrieve", *words, "--cse-id", IN, "--in-cse-id", "/in2", code=NO_ANSWER)


def test_a_cse_below_the_infrastructure_node(lab, merlon):
    """TS-0001 6.5.1"""
    pair = lab.issue("mn", cert_maker.dns("mn.in.sp.example"))
    mn = Server(lab.folder / "mn-data", *lab.options("required", [pair], ("--cse-type", "mn")),
                listen=("https://127.0.0.1:0",), store="mem")
    mn.options[mn.options.index("/in")] = "/mn"
    with mn:
        words = ["-o", "Sdev", "nothing", "-u", f"https://127.0.0.1:{mn.port}", "--anchor", lab.anchor,
                 *certificate(lab.ae), "--cse-id", f"{SP}/mn"]
        assert merlon("retrieve", *words, "--in-cse-id", "/in").returncode not in (NO_ANSWER, USAGE)
        merlon("retrieve", *words, code=NO_ANSWER)


def test_one_handshake_for_several_requests(lab, server, merlon):
    """A particular CSE-ID does not cost a handshake a request."""
    words = ["--anchor", lab.anchor, *certificate(lab.ae), "--cse-id", IN]
    register(merlon, "Sdev", *words)
    before = credentials_of(server).count(f"33-{SP}/Sdev")
    done = merlon("tree", "-v", "-o", "Sdev", "Sdev", *words, code=OK)
    assert done.stderr.count("> GET ") > 1
    assert credentials_of(server).count(f"33-{SP}/Sdev") == before + 1
    merlon("delete", "-o", "Sdev", "Sdev", *words, code=OK)


# ---- several CSEs ----


@pytest.fixture
def second(lab):
    """Another CSE with credentials of its own: it knows neither the first one's keys nor its authority."""
    folder = lab.folder / "second"
    folder.mkdir(mode=0o755)
    pair = lab.issue("second-cse", cert_maker.dns("localhost"), authority=lab.other)
    with Server(folder / "data", "--tls-certificate", str(pair[0]), "--tls-key", str(pair[1]), "--tls-anchor",
                str(lab.other_anchor), "--sp-id", SP, "--cse-id", "/second", "--log", "debug",
                listen=("https://127.0.0.1:0",)) as running:
        yield running
    subprocess.run(["rm", "-r", str(folder)], check=True)


def test_one_configuration_for_two_cses(lab, server, second, merlon):
    """SEC-MCA-01 SEC-MCA-02 SEC-MCA-03: the credential goes with the authority of the target"""
    pair = lab.issue("second-ae", cert_maker.uri(f"m2m:{SP}/Selse"), authority=lab.other)
    first_url, second_url = (f"https://localhost:{s.port}" for s in (server, second))
    merlon.set(MERLON_URL=None)
    merlon.configure(f"""
url = {first_url}

[localhost:{server.port}]
originator = Sone
psk-id = k1@sp.example
psk-file = one.psk

[localhost:{second.port}]
originator = Selse
anchor = {lab.other_anchor}
certificate = {pair[0]}
key = {pair[1]}

[localhost]
originator = Snobody
psk-id = never@sp.example
psk-file = nowhere
""")
    beside = merlon.home / ".config/merlon/one.psk"
    beside.write_text(lab.keys["k1"][1])
    beside.chmod(0o600)
    create = ["ae", "api=Nexample", "rr=false", "srv=3"]
    merlon("create", "cse-in", *create, code=OK)
    merlon("create", "-u", second_url, "cse-in", *create, code=OK)
    assert f"33-{SP}/Selse" in credentials_of(second) and f"33-{SP}/Selse" not in credentials_of(server)
    merlon("delete", "Sone", code=OK)
    merlon("retrieve", "--to", f"{second_url}/Selse", code=OK)  # a target that is a URL chooses too
    merlon("delete", "-u", second_url, "Selse", code=OK)
    # what is for the one is nothing at the other
    assert "alert" in merlon("retrieve", "-u", second_url, "cse-in", *psk(lab, "k1"), code=NO_ANSWER).stderr
    words = ["--anchor", lab.anchor, *certificate(pair)]
    assert "alert" in merlon("retrieve", "cse-in", *words, code=NO_ANSWER).stderr


def test_a_credential_ends_alone(lab, server, second, merlon):
    """SEC-MCA-05: with one that has expired its registration cannot be used; those elsewhere and beside can."""
    end = datetime.datetime.utcnow() + datetime.timedelta(seconds=5)
    lab.add_key("brief", "--ae-id", "Sbrief", "--not-after", end.strftime("%Y%m%dT%H%M%S"))
    write_key(lab, "brief", lab.keys["brief"][1])
    server.process.send_signal(1)
    pair = lab.issue("stays", cert_maker.uri(f"m2m:{SP}/Sstays"), authority=lab.other)
    elsewhere = ["-u", f"https://localhost:{second.port}", "--anchor", lab.other_anchor, *certificate(pair)]
    register(merlon, "Sone", *psk(lab, "k1"))
    assert logged(server, "are reloaded")
    register(merlon, "Sbrief", *psk(lab, "brief"))
    register(merlon, "Sstays", *elsewhere)
    brief = ["retrieve", "-o", "Sbrief", "Sbrief", *psk(lab, "brief")]
    merlon(*brief, code=OK)
    eventually(lambda: merlon(*brief).returncode == NO_ANSWER, what="the end of the key")
    assert datetime.datetime.utcnow() >= end.replace(microsecond=0)
    merlon("retrieve", "-o", "Sone", "Sone", *psk(lab, "k1"), code=OK)
    merlon("retrieve", "-o", "Sstays", "Sstays", *elsewhere, code=OK)
    merlon("delete", "-o", "Sone", "Sone", *psk(lab, "k1"), code=OK)


def test_a_credential_goes_nowhere_else(lab, server, merlon):
    """SEC-MCA-02: a listener that the configuration does not name sees no identity of ours"""
    merlon.set(MERLON_URL=None)
    merlon.configure(f"url = https://localhost:{server.port}\npsk-id = k1@sp.example\npsk-file = "
                     f"{lab.home}/k1.psk\noriginator = Sone\n")
    assert merlon("retrieve", "nothing").returncode not in (NO_ANSWER, USAGE)
    with socket.create_server(("127.0.0.1", 0)) as other:
        with merlon.start("retrieve", "nothing", "-u", f"https://localhost:{other.getsockname()[1]}") as running:
            peer, _ = other.accept()
            with peer:
                hello = peer.recv(65536)
            assert running.end()[0] == NO_ANSWER
    assert hello and b"k1@sp" not in hello


def test_the_environment_before_the_file(lab, server, merlon):
    merlon.configure(f"[localhost]\noriginator = Sone\npsk-id = k1@sp.example\npsk-file = {lab.home}/wrong.psk\n")
    merlon("retrieve", "nothing", code=NO_ANSWER)
    merlon.set(MERLON_PSK_ID="k1@sp.example", MERLON_PSK_FILE=str(lab.home / "k1.psk"))
    assert merlon("retrieve", "nothing").returncode not in (NO_ANSWER, USAGE)
    merlon("retrieve", "nothing", *psk(lab, "wrong", "k1@sp.example"), code=NO_ANSWER)
    # of an environment that names another CSE the credential does not count, the section does
    merlon.set(MERLON_URL="https://elsewhere.example", MERLON_PSK_ID="a@b", MERLON_PSK_FILE="nowhere")
    merlon.configure(f"[localhost]\noriginator = Sone\npsk-id = k1@sp.example\npsk-file = {lab.home}/k1.psk\n")
    done = merlon("retrieve", "nothing", "-u", f"https://localhost:{server.port}")
    assert done.returncode not in (NO_ANSWER, USAGE), done.stderr


# ---- mistakes ----


def test_mistakes_are_told(lab, merlon, tmp_path):
    """Before anything is sent, with the file that is meant and without what stands in it."""
    secret = "secret-that-is-no-key"
    bad = write_key(lab, "bad", secret)
    shown = write_key(lab, "shown", lab.keys["k1"][1], 0o644)
    identity = ["--psk-id", "k1@sp.example"]
    anchor = ["--anchor", lab.anchor]
    for words, why in (
            (identity, "go together"),
            (["--psk-file", bad], "go together"),
            ([*anchor, "--certificate", lab.ae[0]], "go together"),
            ([*anchor, *certificate(lab.ae), *psk(lab, "k1")], "not both"),
            ([*identity, "--psk-file", bad], f"{bad}: holds no key"),
            ([*anchor, "--crl", bad], f"{bad}: certificate revocation list 1 cannot be read"),
            ([*identity, "--psk-file", shown], f"{shown}: others can read"),
            ([*identity, "--psk-file", tmp_path / "no"], f"{tmp_path}/no: No such file"),
            ([*identity, "--psk-file", tmp_path], f"{tmp_path}: is no file"),
            (["--psk-id", "k1", "--psk-file", bad], "'k1' is no identity"),
            (["--anchor", bad], f"{bad}: "),
            ([*anchor, "--certificate", lab.ae[0], "--key", lab.cse[1]], f"{lab.ae[0]}: "),
            ([*anchor, "--cse-id", "/in"], "no absolute CSE-ID"),
            ([*anchor, "--cse-id", f"{SP}/a_b"], "cannot stand in a domain name"),
            ([*anchor, "--in-cse-id", "/in"], "says nothing"),
            ([*psk(lab, "k1"), "-u", "http://127.0.0.1:1"], "for https, not for http"),
    ):
        done = merlon("retrieve", "cse-in", *words, code=USAGE)
        assert why in done.stderr and secret not in done.stderr and lab.keys["k1"][1] not in done.stderr, done.stderr


def test_another_protocol_is_told(lab, server, alone):
    """http to a port of TLS, and https to one of plain text"""
    alone.set(MERLON_URL=f"http://localhost:{server.port}")
    assert "is it https" in alone("retrieve", "cse-in", code=NO_ANSWER).stderr
    with Server(lab.folder / "plain-data", store="mem") as plain:
        url = plain.url.replace("http:", "https:")
        done = alone("retrieve", "-u", url, "cse-in", "--anchor", lab.anchor, code=NO_ANSWER)
        assert "speaks no TLS" in done.stderr


def test_what_an_alert_means_is_told(lab, server, merlon):
    stranger = lab.issue("stranger", cert_maker.uri(f"m2m:{SP}/Sdev"), authority=lab.other)
    old = lab.issue("old", cert_maker.uri(f"m2m:{SP}/Sdev"), start=cert_maker.NOW - 3 * DAY, end=cert_maker.NOW - DAY)
    words = ["retrieve", "-o", "Sdev", "cse-in", "--anchor", lab.anchor]
    for pair, why in ((stranger, "leads to no authority"), (old, "has expired"), (None, "it wants a certificate")):
        given = certificate(pair) if pair else []
        assert why in merlon(*words, *given, code=NO_ANSWER).stderr
    with Server(lab.folder / "named-data", *lab.options("required", more=["--authority", "other.sp.example"]),
                listen=("https://127.0.0.1:0",), store="mem") as named:
        url = f"https://localhost:{named.port}"
        done = merlon(*words, *certificate(lab.ae), "-u", url, code=NO_ANSWER)
        assert "does not go by the host name" in done.stderr


def test_who_was_expected_is_told(lab, server, merlon):
    words = ["retrieve", "-o", "Sdev", "cse-in", "--anchor", lab.anchor, *certificate(lab.ae)]
    done = merlon(*words, "-u", f"https://127.0.0.1:{server.port}", code=NO_ANSWER)
    assert done.stderr.endswith("does not name the expected entity: 127.0.0.1\n")
    done = merlon(*words, "--cse-id", f"{SP}/other", code=NO_ANSWER)
    assert done.stderr.endswith(f"does not name the expected entity: {SP}/other\n")


@pytest.mark.parametrize("text, why", [
    ("[x\n", ":1: no '[HOST]'"),
    ("[]\n", ":1: no '[HOST]'"),
    ("[https://cse.example]\n", ":1: '[https://cse.example]' is no '[HOST]'"),
    ("[cse.example:x]\n", ":1: '[cse.example:x]' is no '[HOST]'"),
    ("[127.0.0.1]\n[127.0.0.1:8080]\n[127.0.0.1]\n", "two sections [127.0.0.1]"),
    ("[127.0.0.1:8080]\n[127.0.0.1]\n[127.0.0.1:8080]\n", "two sections [127.0.0.1:8080]"),
    ("[x]\nurl = http://a\n", ":2: the url stands above all sections"),
    ("[x]\nrvi = 3\nrvi = 4\n", ":3: rvi is set twice"),
    ("[x]\npsk-ids = 3\n", ":2: unknown key 'psk-ids', did you mean psk-id?"),
    ("psk-id = a@b\n", "a credential above all sections is for the url above them"),
])
def test_mistakes_in_the_file(alone, text, why):
    alone.configure(text)
    assert why in alone("delete", "x", code=USAGE).stderr


def test_no_secret_is_traced(lab, merlon):
    done = merlon("retrieve", "-v", "-o", "Sone", "nothing", *psk(lab, "k1"))
    assert "> GET " in done.stderr and lab.keys["k1"][1] not in done.stderr


# ---- the library ----


PROGRAM = r"""
#include <merlon/merlon.h>
#include <stdio.h>

/* authority URL ANCHOR CERTIFICATE KEY PSK-ID PSK-FILE, three sets: one list for every client */
int main(int argc, char **argv)
{
    struct merlon_credential list[] = {
        { .authority = "nowhere.example", .psk_id = "x@y", .psk_file = "nowhere" },
        { .authority = argv[2], .psk_id = argv[3], .psk_file = argv[4] },
        { .authority = argv[6], .anchor_file = argv[7], .certificate_file = argv[8], .key_file = argv[9] },
    };
    for (int i = 1; i <= 5; i += 4) {
        struct merlon_error error = { 0 };
        struct merlon_client *client = merlon_client_new(argv[i], &error);
        struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "nothing", &error);
        for (int n = 0; n < 2; n++) {
            struct merlon_response *response = NULL;
            if (merlon_client_set_credentials(client, list, n == 0 ? 3 : 0, &error) == MERLON_OK &&
                merlon_client_set_originator(client, "Sone", &error) == MERLON_OK &&
                merlon_send(client, request, &response, &error) == MERLON_OK) {
                printf("answered\n");
            } else {
                printf("%d %s\n", (int)error.status, error.text);
            }
            merlon_response_free(response);
        }
        merlon_request_free(request);
        merlon_client_free(client);
    }
    printf("%d %d %d %d\n", merlon_url_is_at("https://A.b:8443/x", "a.B"), merlon_url_is_at("https://a.b", "a.b:443"),
           merlon_url_is_at("https://a.b", "a.b:80"), merlon_url_is_at("https://[::1]:5", "[::1]"));
    return argc > 0 ? 0 : 1;
}
"""


def test_the_library_picks_by_authority(lab, server, second, tmp_path):
    """SEC-MCA-01: one list, two CSEs; taking the list away takes the rights away, also on kept connections"""
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    compile_with_library("cc", ["-std=c99"], source, tmp_path / "program")
    pair = lab.issue("second-ae", cert_maker.uri(f"m2m:{SP}/Selse"), authority=lab.other)
    words = []
    for s, credential in ((server, psk(lab, "k1")[1::2]), (second, [lab.other_anchor, *pair])):
        words += [f"https://localhost:{s.port}", f"localhost:{s.port}", *map(str, credential)]
    done = subprocess.run([tmp_path / "program", *words], capture_output=True, text=True, check=False, timeout=60)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 5, done.stdout + done.stderr
    assert lines[0] == lines[2] == "answered" and lines[4] == "1 2 0 1", lines
    for line in (lines[1], lines[3]):
        assert line.startswith("3 https://localhost:") and "no trust anchor" in line, line

"""An AE that is the target of requests under keys that certificates make: merlon_target_certify, behind a CSE.

spec: TS-0003 8.7, TS-0004 7.5.1.2.12; security.md 28
"""

import subprocess

import pytest
from lib import cert_maker, esprim
from lib.command import to_be_killed
from lib.escertke import End, message_of, seci
from lib.onem2m import Client
from lib.program import compile_with_library
from lib.server import Server

RETRIEVE = 2
SP = "//merlon.example"

PROGRAM = """
#include <merlon/merlon.h>
#include <stdio.h>
#include <string.h>

static int handle(void *data, const struct merlon_incoming *request, struct merlon_content **ret_content)
{
    (void)data;
    *ret_content = merlon_content_new("cnt", NULL);
    return *ret_content && merlon_content_set(*ret_content, "lbl", request->from, NULL) == MERLON_OK ? 2000 : 5000;
}

static int ignore(void *data, const struct merlon_notification *notification)
{
    (void)data;
    (void)notification;
    return 0;
}

static int fail(const struct merlon_error *error)
{
    fprintf(stderr, "%s\\n", error->text);
    return 1;
}

int main(int argc, char **argv)
{
    struct merlon_error error;
    struct merlon_client *client = merlon_client_new(argv[1], &error);
    struct merlon_receiver *receiver = merlon_receiver_new(client, NULL, ignore, NULL, &error);
    struct merlon_target *target = merlon_target_new(client, "cse-in/house", handle, NULL, &error);
    struct merlon_target_certificate own;

    memset(&own, 0, sizeof own);
    if (argc != 6 || !receiver || !target || merlon_client_set_originator(client, "Chouse", &error)) {
        return fail(&error);
    }
    own.certificate_file = argv[3];
    own.private_key_file = argv[4];
    own.anchor_file = argv[5];
    own.cse_id = "//merlon.example/id-in";
    if (merlon_target_certify(target, &own, &error) != MERLON_OK) {
        return fail(&error);
    }
    puts(merlon_receiver_url(receiver));
    fflush(stdout);
    if (getchar() == EOF) { /* it is registered now, with that point of access */
        return 1;
    }
    if (strcmp(argv[2], "poll") == 0) {
        if (merlon_target_poll(target, "cse-in/house/channel", NULL, NULL, &error) != MERLON_OK) {
            return fail(&error);
        }
    } else {
        merlon_target_receive(target, receiver);
    }
    if (merlon_target_publish(target, &error) != MERLON_OK) {
        return fail(&error);
    }
    puts("ready");
    fflush(stdout);
    return merlon_client_run(client, -1, &error) == MERLON_OK ? 0 : fail(&error);
}
"""


@pytest.fixture(scope="module", name="program")
def fixture_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    (folder / "house.c").write_text(PROGRAM)
    compile_with_library("cc", ["-std=c99"], folder / "house.c", folder / "house")
    return folder / "house"


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.root = cert_maker.Authority("root")
        self.anchor = folder / "anchor.pem"
        self.anchor.write_bytes(cert_maker.pem(self.root.cert))

    def issue(self, name, authority=None):
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.pk.pem"
        key = cert_maker.p256()
        leaf = (authority or self.root).leaf(cert_maker.uri(f"m2m:{SP}/id-in/{name}"), key=key)
        paths[0].write_bytes(cert_maker.pem(leaf))
        paths[1].write_bytes(cert_maker.key_pem(key))
        paths[1].chmod(0o600)
        return paths


@pytest.fixture(params=["listen", "poll"], name="place")
def fixture_place(request, tmp_path, program):
    """(server, lab, client of an originator, file of the anchor); the AE serves."""
    lab = Lab(tmp_path)
    with Server(tmp_path / "data") as server:
        admin = Client(server.url)
        command = [program, server.url, request.param, *lab.issue("Chouse"), lab.anchor]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=to_be_killed()) as process:
            try:
                url = process.stdout.readline().strip()
                poa = {"rr": True, "poa": [url]} if request.param == "listen" else {"rr": False}
                house = admin.register("Chouse", "house", **poa)
                if request.param == "poll":
                    assert house.create("cse-in/house", "pch", rn="channel").rsc == 2001
                process.stdin.write("\n")
                process.stdin.flush()
                assert process.stdout.readline() == "ready\n"
                yield server, lab, admin
            finally:
                process.kill()


def tell(client, content):
    """A notification that an AE refuses without a reason."""
    return client.request("POST", "cse-in/house", content, check=False)


def test_keys_by_certificate(place):
    """SEC-CKE-01, SEC-CKE-02, SEC-CKE-03, SEC-CKE-05: of an AE as the terminating end"""
    _, lab, admin = place
    esi = admin.retrieve("cse-in/house?atrl=esi").res["esi"]
    assert list(map(int, esi["esf"])) == [43] and "esro" in esi
    end = End(lab.issue("CAdmin"), lab.anchor, True)
    message = end.step()
    answer = admin.notify("cse-in/house", seci(message))
    assert answer.rsc == 2000, answer
    third = end.step(message_of(answer.pc))
    answer = admin.notify("cse-in/house", seci(third))
    assert answer.rsc == 2000 and end.step(message_of(answer.pc)) == b""
    assert tell(admin, seci(third)).rsc == 4000
    originator = esprim.Originator(admin, "cse-in/house", *end.key, fr="CAdmin")
    assert "CAdmin" in originator.ask(RETRIEVE, "x")["pc"]["m2m:cnt"]["lbl"][0]
    sealed = originator.seal({**originator.request(RETRIEVE, "x"), "fr": "Cother"})
    assert tell(admin, esprim.seci(esprim.OBJECT, epo=sealed)).rsc == 4116
    foreign = End(lab.issue("Cother"), lab.anchor, True)
    second = admin.notify("cse-in/house", seci(foreign.step()))
    refused = tell(admin, seci(foreign.step(message_of(second.pc))))
    assert refused.rsc == 4000 and message_of(refused.pc)[6] == 49  # access denied


def test_with_the_command_of_ours(place, alone):
    """SEC-CKE-05: `merlon retrieve --esprim` by certificates"""
    server, lab, _ = place
    own = lab.issue("CAdmin")
    done = alone("retrieve", "x", "-u", server.url, "-o", "CAdmin", "--esprim", "cse-in/house", "--esprim-certificate",
                 own[0], "--esprim-private-key", own[1], "--esprim-anchor", lab.anchor, "--esprim-peer",
                 f"{SP}/id-in/Chouse")
    assert "CAdmin" in done.stdout

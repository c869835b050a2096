"""A fleet of CSEs on loopback: an IN, two MNs registered at it, and an ASN registered at the first of these.

    with Fleet(folder) as fleet:
        fleet.client("asn", "Cae").retrieve("/in/-/c1")

CSE-IDs are "/in", "/mn1", "/mn2", "/asn"; each CSEBase is called "base". Ports are chosen once, so that a CSE that
starts again is found where it was. Over http the listeners are trusted; `Lab` (lib/tls.py) makes a fleet over https.
"""

import random
import socket

from .onem2m import Client, grant
from .server import Server, eventually

REGISTRAR = {"mn1": "in", "mn2": "in", "asn": "mn1"}
TYPE = {"in": "in", "mn1": "mn", "mn2": "mn", "asn": "asn"}


def free_port():
    """Below those that the system gives to others meanwhile."""
    for _ in range(1000):
        port = random.randrange(10240, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def remote_cse(name, **more):
    return {"cb": f"/{name}/base", "rr": True, "srv": ["3"], **more}


def registrees(admin):
    """Clients of /mn1 and /mn2, registered at the CSE of `admin`: the test plays them."""
    clients = [admin.As("/mn1"), admin.As("/mn2")]
    for client in clients:
        assert client.create("cse-in", "csr", **remote_cse(client.originator[1:])).rsc == 2001
    return clients


class Fleet:
    """`options`: more words for each CSE, by its name; `lifetime` of the registrations in seconds."""

    def __init__(self, folder, names=("in", "mn1", "mn2", "asn"), options=None, lifetime=600, store="lmdb"):
        self.folder = folder
        self.names = names
        self.more = options or {}
        self.lifetime = lifetime
        self.store = store
        self.ports = {name: free_port() for name in names}
        self.servers = {}

    # ---- one CSE ----

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def options(self, name):
        words = ["--cse-id", f"/{name}", "--cse-name", "base", "--cse-type", TYPE[name], "--log", "debug"]
        if name in REGISTRAR:
            above = REGISTRAR[name]
            words += ["--registrar", self.url(above), "--registrar-id", f"/{above}", "--registration-lifetime",
                      str(self.lifetime)]
        return [*words, *self.more.get(name, ())]

    def start(self, name, listen=()):
        server = Server(self.folder / name, *self.options(name), listen=(self.url(name), *listen), store=self.store)
        self.servers[name] = server
        return server.start()

    def stop(self, name):
        self.servers.pop(name).stop()

    def kill(self, name):
        self.servers.pop(name).kill()

    def client(self, name, originator="CAdmin"):
        return Client(self.url(name), originator)

    def log(self, name):
        return self.servers[name].log()

    # ---- a CSE that the test plays itself ----

    def pretend(self, name, url, at="in", **more):
        """Registers it at one of the fleet."""
        answer = self.client(at, f"/{name}").create("base", "csr", **remote_cse(name, poa=[url], **more))
        assert answer.rsc == 2001, answer
        assert answer["csi"] == f"/{name}"
        return answer

    def drop(self, name, at="in"):
        assert self.client(at, f"/{name}").delete(f"base/{name}").rsc == 2002

    # ---- all of them ----

    def add_aes(self, *names):
        """An AE "Cae" at each, its <AE> and a container "open" below it for everybody; clients by name of the CSE."""
        made = {}
        for name in names or self.names:
            admin = self.client(name)
            acp = grant(admin, (["all"], 63), parent="base", name="all")
            made[name] = admin.As("Cae")
            ae = made[name].create("base", "ae", api="Ntest", rr=False, srv=["3"], rn="ae")
            assert ae.rsc == 2001, ae
            assert made[name].create("base/ae", "cnt", rn="open", acpi=[acp]).rsc == 2001
        return made

    def remote(self, at, name):
        """The <remoteCSE> of a CSE at another, or None."""
        answer = self.client(at).retrieve("base?rcn=8&ty=16")
        assert answer.rsc == 2000, answer
        for found in answer.res.get("m2m:csr", []):
            if found["csi"] == f"/{name}":
                return found
        return None

    def is_complete(self):
        for name, above in REGISTRAR.items():
            if name in self.servers and not (self.remote(above, name) and self.remote(name, above)):
                return False
        return not {"mn1", "asn"} <= set(self.servers) or self.behind("mn1") == ["/asn"]

    def behind(self, name):
        """descendantCSEs of a CSE at its registrar; None: it is not registered."""
        found = self.remote(REGISTRAR[name], name)
        return found and found.get("dcse", [])

    def settle(self, seconds=20):
        eventually(self.is_complete, seconds, "the registration of all CSEs")

    def __enter__(self):
        try:
            for name in self.names:
                self.start(name)
            self.settle()
        except BaseException:
            self.__exit__(BaseException, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        for server in reversed(list(self.servers.values())):
            if kind is None:
                server.stop()
            else:
                server.kill()

"""Writers that know what they were promised: for tests that stop a server at any moment.

A Writer works below an AE of its own, one request after the other, and remembers what was
acknowledged. The outcome of the request that was under way when the server went is not known: it
may have happened or not. `verify` holds a server against that.
"""

import http.client
import json
import random
import threading

HEADER = {"X-M2M-RVI": "3", "Content-Type": "application/json"}
TYPES = {"ae": 2, "cnt": 3, "cin": 4, "sub": 23}
MOST_INSTANCES = 25
RING = 3     # maxNrOfInstances of the container that evicts
TOLD = 200   # ... of the one whose instances are told to the receiver


class Container:
    """What is known of one container."""

    def __init__(self):
        self.instances = {}   # name: content, acknowledged
        self.label = 0        # the newest acknowledged
        self.state_tag = 0    # ... and the greatest seen
        self.subs = set()


class Writer(threading.Thread):
    """One originator. Not restarted: `again` makes the thread of the next round."""

    def __init__(self, number, url, seed):
        super().__init__(daemon=True)
        self.number = number
        self.host = url.removeprefix("http://")
        self.random = random.Random(seed)
        self.stem = f"Cw{number}"
        self.path = f"/cse-in/w{number}"
        self.serial = 0
        self.acknowledged = 0
        self.containers = {}
        self.ring = []        # contents given to the evicting container, acknowledged
        self.told = []        # contents given to the container with the receiver
        self.unknown = None   # (operation, ...) under way when the server went
        self.stopping = False
        self.failure = None

    def again(self, url):
        """The thread of the next round, with the same memory."""
        other = Writer(self.number, url, self.random.random())
        for name in ("serial", "containers", "ring", "told", "acknowledged"):
            setattr(other, name, getattr(self, name))
        return other

    # ---- requests ----

    def request(self, connection, method, path, kind=None, **attributes):
        """(X-M2M-RSC, content). Raises when the server is gone."""
        self.serial += 1
        headers = {**HEADER, "X-M2M-Origin": self.stem, "X-M2M-RI": f"{self.number}-{self.serial}"}
        if method == "POST":
            headers["Content-Type"] += f";ty={TYPES[kind]}"
        body = json.dumps({f"m2m:{kind}": attributes}).encode() if kind else None
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        return int(answer.headers["X-M2M-RSC"]), json.loads(text) if text else None

    def do(self, connection, unknown, wanted, *request, **attributes):
        """One change: `unknown` says what may or may not have happened if no answer comes."""
        self.unknown = unknown
        rsc, content = self.request(connection, *request, **attributes)
        self.unknown = None
        assert rsc == wanted, f"{request}: {rsc} {content}"
        self.acknowledged += 1
        return content

    def setup(self, receiver_url):
        """Makes the tree, on a running server."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        self.do(connection, None, 2001, "POST", "/cse-in", "ae", rn=f"w{self.number}", api="Nw",
                rr=True, srv=["3"])
        for name, more in (("c0", {}), ("c1", {}), ("ring", {"mni": RING}), ("told", {"mni": TOLD})):
            self.do(connection, None, 2001, "POST", self.path, "cnt", rn=name, **more)
        self.containers = {"c0": Container(), "c1": Container()}
        if receiver_url:
            self.do(connection, None, 2001, "POST", f"{self.path}/told", "sub", rn="s",
                    nu=[f"{receiver_url}/w{self.number}"], enc={"net": [3]})
        connection.close()

    # ---- the changes ----

    def create_instance(self, connection, name, c):
        instance = f"i{self.serial}"
        content = f"{self.stem} {instance} " + "x" * self.random.randrange(200)
        made = self.do(connection, ("create", name, instance, content), 2001, "POST",
                       f"{self.path}/{name}", "cin", rn=instance, con=content)
        c.instances[instance] = content
        c.state_tag = max(c.state_tag, made["m2m:cin"]["st"])

    def delete_instance(self, connection, name, c):
        instance = self.random.choice(list(c.instances))
        # neither there nor gone while it is under way
        content = c.instances.pop(instance)
        self.do(connection, ("create", name, instance, content), 2002, "DELETE",
                f"{self.path}/{name}/{instance}")

    def update(self, connection, name, c):
        made = self.do(connection, ("update", name, c.label + 1), 2004, "PUT",
                       f"{self.path}/{name}", "cnt", lbl=[str(c.label + 1)])
        c.label += 1
        c.state_tag = max(c.state_tag, made["m2m:cnt"]["st"])

    def subscribe(self, connection, name, c):
        if c.subs and self.random.random() < 0.5:
            sub = self.random.choice(list(c.subs))
            c.subs.remove(sub)
            self.do(connection, ("sub", name, sub), 2002, "DELETE", f"{self.path}/{name}/{sub}")
        else:
            sub = f"s{self.serial}"
            self.do(connection, ("sub", name, sub), 2001, "POST", f"{self.path}/{name}", "sub",
                    rn=sub, nu=[self.stem], enc={"net": [1]})
            c.subs.add(sub)

    def feed(self, connection):
        """An instance for the containers that evict and that tell."""
        name, known = self.random.choice((("ring", self.ring), ("told", self.told)))
        content = str(self.serial)
        self.do(connection, (name, content), 2001, "POST", f"{self.path}/{name}", "cin",
                con=content)
        known.append(content)

    def change(self, connection):
        name, c = self.random.choice(list(self.containers.items()))
        dice = self.random.random()
        if dice < 0.25:
            self.feed(connection)
        elif dice < 0.35:
            self.update(connection, name, c)
        elif dice < 0.45:
            self.subscribe(connection, name, c)
        elif len(c.instances) > self.random.randrange(MOST_INSTANCES):
            self.delete_instance(connection, name, c)
        else:
            self.create_instance(connection, name, c)

    def run(self):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            while not self.stopping:
                self.change(connection)
        except (OSError, http.client.HTTPException):
            pass  # the server was stopped
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure
        finally:
            connection.close()

    # ---- afterwards ----

    def verify(self, url):
        """Holds a server against what was acknowledged, and learns how the last change ended."""
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        rsc, content = self.request(connection, "GET", f"{self.path}?rcn=4")
        connection.close()
        assert rsc == 2000, content
        tree = {c["rn"]: c for c in content["m2m:ae"]["m2m:cnt"]}
        for name in tree:
            check_counters(tree[name])
        for name, c in self.containers.items():
            self.verify_container(name, c, tree[name])
        self.ring = self.verify_fed("ring", self.ring, tree["ring"], RING)
        self.told = self.verify_fed("told", self.told, tree["told"], TOLD)
        self.unknown = None

    def verify_container(self, name, c, have):
        unknown = self.unknown or ("nothing",)
        there = {i["rn"]: i["con"] for i in have.get("m2m:cin", [])}
        if unknown[:2] == ("create", name) and there.get(unknown[2]) == unknown[3]:
            c.instances[unknown[2]] = unknown[3]
        assert there == c.instances, f"{self.path}/{name}: {there.keys() ^ c.instances.keys()}"
        label = int(have.get("lbl", ["0"])[0])
        assert label == c.label or unknown == ("update", name, label), \
            f"{self.path}/{name}: label {label}, acknowledged {c.label}"
        c.label = label
        assert have["st"] >= c.state_tag, f"{self.path}/{name}: stateTag {have['st']}"
        c.state_tag = have["st"]
        subs = {s["rn"] for s in have.get("m2m:sub", [])}
        if unknown[:2] == ("sub", name) and unknown[2] in subs:
            c.subs.add(unknown[2])
        assert subs == c.subs, f"{self.path}/{name}: {subs ^ c.subs}"

    def verify_fed(self, name, known, have, most):
        """The newest contents of a container that evicts the oldest."""
        there = [i["con"] for i in have.get("m2m:cin", [])]
        if self.unknown and self.unknown[0] == name and there[-1:] == [self.unknown[1]]:
            known = known + [self.unknown[1]]
        assert there == known[-most:], f"{self.path}/{name}: {there}, acknowledged {known[-most:]}"
        return known


def check_counters(container):
    instances = container.get("m2m:cin", [])
    assert container["cni"] == len(instances), container
    assert container["cbs"] == sum(i["cs"] for i in instances), container

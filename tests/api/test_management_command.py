"""<mgmtCmd> and <execInstance> with a clock that runs: delays survive a restart, executions are cancelled.

spec: TS-0001 9.6.16, 9.6.17, 10.2.8; TS-0004 7.4.16, 7.4.17; docs/decisions/0036
"""

import pytest
from lib.onem2m import Client, grant
from lib.server import eventually

INITIATED, FINISHED, CANCELLED = 1, 3, 5
UNSUPPORTED_PROTOCOL, NOT_FINISHED = 9, 31


def command(client, delay, **more):
    assert client.create("cse-in", "nod", rn="n", ni="urn:node:1").rsc == 2001
    assert client.create("cse-in", "mgc", rn="m", cmt=2, ext="cse-in/n", exm=3, exy=delay, **more).rsc == 2001


def execute(client):
    before = set(executions(client))
    assert client.update("cse-in/m", "mgc", exe=True).rsc == 2004
    (made,) = set(executions(client)) - before
    return made


def executions(client):
    return client.retrieve("cse-in/m", query={"fu": 1, "ty": 8, "drt": 2}).pc["m2m:uril"]


def states(client, address):
    res = client.retrieve(address).res
    return res["exs"], res["exr"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_delay_survives(own, how):
    server = own()
    admin = Client(server.url)
    command(admin, "PT2S")
    made = execute(admin)
    assert states(admin, made) == (INITIATED, NOT_FINISHED)
    getattr(server, how)()
    admin = Client(server.start().url)
    eventually(lambda: states(admin, made) == (FINISHED, UNSUPPORTED_PROTOCOL), seconds=20)
    assert admin.update(made, "exin", exd=True).rsc == 6028
    assert admin.delete(made).rsc == 2002


def test_cancelling(own):
    admin = Client(own().url)
    command(admin, "PT1H")
    made = execute(admin)
    assert admin.update(made, "exin", exs=FINISHED).rsc == 4000
    assert admin.update(made, "exin", lbl=["x"]).rsc == 2004
    assert admin.update(made, "exin", exd=False).rsc == 2004
    assert states(admin, made) == (CANCELLED, NOT_FINISHED)
    assert admin.update(made, "exin", exd=True).rsc == 6028
    other = execute(admin)
    assert admin.update("cse-in/m", "mgc", exm=1).rsc == 4005
    assert admin.delete(made).rsc == 2002
    assert admin.delete(other).rsc == 2002
    assert admin.update("cse-in/m", "mgc", exm=1).rsc == 2004
    assert admin.update("cse-in/m", "mgc", exe=True).rsc == 6020


def test_who_may(own):
    """An execution is for those for whom its command is; the members of a group are told to those who may read it."""
    admin = Client(own().url)
    one, two = admin.register("C1", name="one"), admin.register("C2", name="two")
    acp = grant(admin, (["C1"], 38), (["CAdmin"], 63))
    command(admin, "PT1H", acpi=[acp])
    made = execute(one)
    assert one.retrieve(made).rsc == 2000 and two.retrieve(made).rsc == 4103
    assert two.update(made, "exin", exd=True).rsc == 4103
    assert one.delete(made).rsc == 4103 and one.update(made, "exin", exd=True).rsc == 2004
    assert one.create("cse-in/m", 8, {"m2m:exin": {}}).rsc == 4103
    assert admin.create("cse-in/m", 8, {"m2m:exin": {}}).rsc == 4005
    assert admin.delete(made).rsc == 2002
    group = admin.create("cse-in", "grp", rn="g", mnm=3, mid=["cse-in/n"])["ri"]
    assert admin.update("cse-in/m", "mgc", ext=group).rsc == 2004
    assert one.update("cse-in/m", "mgc", exe=True).rsc == 6003
    assert admin.update("cse-in/m", "mgc", exe=True).rsc == 2004


def test_bounds(own):
    admin = Client(own("--limit", "executions=2").url)
    command(admin, "PT1H")
    first = execute(admin)
    execute(admin)
    assert admin.update("cse-in/m", "mgc", exe=True).rsc == 4000
    assert admin.delete(first).rsc == 2002
    execute(admin)
    assert admin.delete("cse-in/m").rsc == 2002

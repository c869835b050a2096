"""A registration, readings, a subscription: the way of most applications."""

from lib.onem2m import Client


def test_first_requests(cse, ae, receiver):
    assert ae.create(ae.path, "cnt", rn="c1", mni=3).rsc == 2001
    assert ae.create(f"{ae.path}/c1", "sub", rn="s", nu=[receiver.url], enc={"net": [3]}).rsc == 2001
    assert receiver.verification().sgn["cr"] == ae.stem
    for i in range(5):
        assert ae.create(f"{ae.path}/c1", "cin", con=f"reading {i}").rsc == 2001
        assert receiver.next().rep["m2m:cin"]["con"] == f"reading {i}"
    assert ae.retrieve(f"{ae.path}/c1/la")["con"] == "reading 4"
    assert ae.retrieve(f"{ae.path}/c1/ol")["con"] == "reading 2"
    assert ae.retrieve(f"{ae.path}/c1")["cni"] == 3
    assert Client(cse.url, "Cnobody").retrieve(ae.path).rsc == 4106

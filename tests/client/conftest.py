"""Fixtures: the command, a CSE that tests share, and a stand-in for other people's CSEs."""

import itertools

import pytest
from fake_cse import FakeCse
from lib import server
from lib.command import Command
from lib.onem2m import Client
from lib.program import binary

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cse(tmp_path_factory):
    """A server that tests share."""
    with server.Server(tmp_path_factory.mktemp("cse") / "data", store="mem",
                       program=binary()) as running:
        yield running


@pytest.fixture
def admin(cse):
    """Looks at the CSE past the command."""
    return Client(cse.url)


@pytest.fixture
def merlon(cse, tmp_path):
    """The command, speaking to that server."""
    return Command(tmp_path, cse.url)


@pytest.fixture
def alone(tmp_path):
    """The command, with no CSE set."""
    return Command(tmp_path, None)


@pytest.fixture
def ae(merlon, admin):
    """Path of an AE registered for this test; the command speaks for it."""
    stem = f"Ccommand{next(_numbers)}"
    admin.register(stem, name=stem)
    merlon.set(MERLON_ORIGINATOR=stem)
    yield f"cse-in/{stem}"
    admin.delete(f"cse-in/{stem}")


@pytest.fixture
def fake():
    """A CSE that answers what the test says."""
    with FakeCse() as running:
        yield running

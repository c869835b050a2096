"""Fixtures: one server for many tests, each test with an AE of its own; or a server of its own."""

import itertools
import os
import pwd
import shutil
import tempfile
from pathlib import Path

import pytest
from lib.onem2m import Client, grant  # noqa: F401  (tests import it from here too)
from lib.receiver import Receiver
from lib.server import USE_HOME, Server

_stems = itertools.count(1)


@pytest.fixture(scope="session")
def cse(tmp_path_factory):
    """A server that tests share: they must not rely on being alone."""
    with Server(tmp_path_factory.mktemp("cse") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A server with the definitions of specialisations that we bring."""
    with Server(tmp_path_factory.mktemp("flex") / "data", *USE_HOME, "--verify-subscriptions", "none") as server:
        yield server


@pytest.fixture
def admin(cse):
    return Client(cse.url)


@pytest.fixture
def ae(admin):
    """A client for an AE registered for this test, with .name, .stem and .path."""
    stem = f"Ctest{next(_stems)}"
    client = admin.register(stem, name=f"ae{stem}")
    client.stem = stem
    client.path = f"cse-in/ae{stem}"
    yield client
    admin.delete(client.path)


@pytest.fixture
def other(admin):
    """A second AE."""
    stem = f"Cother{next(_stems)}"
    client = admin.register(stem, name=f"ae{stem}")
    client.stem = stem
    client.path = f"cse-in/ae{stem}"
    yield client
    admin.delete(client.path)


@pytest.fixture
def own(tmp_path):
    """Starts servers of the test's own: own(options...) gives a running Server."""
    servers = []

    def start(*options, **more):
        server = Server(tmp_path / f"data{len(servers)}", *options, **more)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


@pytest.fixture
def folder():
    """Of the server's user, which the server becomes when it is started by root."""
    path = Path(tempfile.mkdtemp(prefix="merlon-folder-"))
    path.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
    yield path
    shutil.rmtree(path)

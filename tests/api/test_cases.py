"""The cases of tests/cases against the real server, over HTTP."""

import pytest
from lib import cases, serial
from lib.server import Server


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """A server for each set of options that a case asks for."""
    running = {}

    def get(options):
        if options not in running:
            data = tmp_path_factory.mktemp("cases") / "data"
            listen = ("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted")
            # steps from the untrusted listener are about who is believed there
            options_of_all = ("--unauthenticated", "open", *options)
            running[options] = Server(data, *options_of_all, listen=listen).start()
        return running[options]

    yield get
    for server in running.values():
        server.stop()


@pytest.mark.parametrize("form", serial.NAMES)
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases.load()])
def test_case(case, form, servers, receiver):
    """In each serialisation that can say what the case says. spec: TS-0004 8"""
    if "clock" in case.get("needs", []):
        pytest.skip("the clock of the real server is not ours: the case runs in process")
    if not cases.can_say(case, form):
        pytest.skip(f"{form} says something else with this content")
    run = cases.Run(case, servers(cases.options_of(case)), receiver, form)
    try:
        run.run()
    finally:
        run.clean()

"""A stand-in for CSEs that behave in ways ours does not: it answers what a test tells it to."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Request:
    """A request as it came."""

    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        self.path = urlsplit(target).path
        self.query = {k: v[0] for k, v in parse_qs(urlsplit(target).query).items()}
        self.headers = headers
        self.body = body
        self.pc = json.loads(body) if body else None

    def __repr__(self):
        return f"<{self.method} {self.target} {self.body!r}>"


def answer(rsc, pc=None, status=None, **headers):
    """(status, headers, body): pc is an object, or bytes sent as they are."""
    body = pc if isinstance(pc, bytes) else b"" if pc is None else json.dumps(pc).encode()
    fields = {"X-M2M-RSC": str(rsc), "X-M2M-RI": "x"}
    if body:
        fields["Content-Type"] = "application/json"
    for name, value in headers.items():
        fields[name.replace("_", "-")] = value
    classes = {1: 202, 2: 200, 4: 400, 5: 500, 6: 500}
    return status or classes[rsc // 1000], {k: v for k, v in fields.items() if v is not None}, body


class FakeCse:
    """`answers` is a function of a Request that gives answer(...), bytes to be sent raw, or None
    for no answer at all; or a list of such answers, the last of which goes on."""

    def __init__(self):
        self.answers = [answer(4004)]
        self.requests = []
        self._stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, self.headers, body)
                outer.requests.append(request)
                outer.reply(self, request)

            do_GET = do_POST = do_PUT = do_DELETE = serve

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, handler, request):
        if callable(self.answers):
            said = self.answers(request)
        else:
            said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if said is None:
            self._stopping.wait(30)
        if said is None or isinstance(said, bytes):
            handler.wfile.write(said or b"")
            handler.close_connection = True
            return
        status, headers, body = said
        handler.send_response_only(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()


def unused_port():
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

"""A notification receiver that we did not write: Python's http.server with a list."""

import queue
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import schema, serial


class Received:
    """One NOTIFY as it came."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body
        self.pc = serial.decode(body, headers.get("Content-Type")) if body else None

    @property
    def sgn(self):
        return self.pc["m2m:sgn"]

    @property
    def is_verification(self):
        return self.sgn.get("vrq") is True

    @property
    def rep(self):
        return self.sgn["nev"]["rep"]

    def __repr__(self):
        return f"<NOTIFY {self.path} {self.body[:300]}>"


class Receiver:
    """Collects notifications. `answer` decides what to say: a function of Received that gives an
    rsc, an (HTTP status, headers, body) triple, or None to close the connection unanswered.
    With a port given it can come, go, and come again."""

    def __init__(self, answer=None, delay=0, port=0):
        self.all = queue.Queue()
        self.answer = answer or (lambda received: 2000)
        self.delay = delay
        self.connections = 0
        self.open = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                outer.connections += 1
                outer.open.add(self.connection)

            def finish(self):
                outer.open.discard(self.connection)
                super().finish()

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                received = Received(self.path, dict(self.headers.items()), body)
                if received.pc:
                    schema.check(received.pc)
                    if received.headers["Content-Type"].endswith("xml"):
                        schema.check_xml(body)
                if outer.delay:
                    threading.Event().wait(outer.delay)
                said = outer.answer(received)
                outer.all.put(received)
                if said is None:
                    self.close_connection = True
                    return
                status, headers, text = (200 if said < 4000 else 400, {"X-M2M-RSC": str(said)}, b"") \
                    if isinstance(said, int) else said
                self.send_response(status)
                self.send_header("X-M2M-RI", received.headers.get("X-M2M-RI", ""))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):  # pylint: disable=invalid-name
                """A RETRIEVE by a CSE."""
                self.do_POST()

            do_PUT = do_DELETE = do_GET

            def log_message(self, *args):  # pylint: disable=arguments-differ
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass

        self.server = Quiet(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        """Also ends the connections that are kept."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def next(self, seconds=10):
        """The next NOTIFY that is no verification request."""
        while True:
            received = self.all.get(timeout=seconds)
            if not (received.pc and "m2m:sgn" in received.pc and received.is_verification):
                return received

    def verification(self, seconds=10):
        received = self.all.get(timeout=seconds)
        assert received.is_verification, received
        return received

    def nothing(self, seconds=0.3):
        """True when nothing comes."""
        try:
            received = self.all.get(timeout=seconds)
        except queue.Empty:
            return True
        raise AssertionError(f"unexpected: {received}")

    def drain(self):
        while not self.all.empty():
            self.all.get_nowait()


class RawReceiver:
    """Takes connections, one request on each, and answers it with the bytes of a script; with None
    it never answers. `bodies` holds what came."""

    def __init__(self, script, port=0):
        self.script = script
        self.bodies = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.open = []
        self.thread = threading.Thread(target=self.serve, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.script is None:
                self.open.append(connection)  # and not a word
                continue
            try:
                self.bodies.append(request_body(connection))
                connection.sendall(self.script)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            connection.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.open:
            connection.close()


def request_body(connection):
    """Reads one request with a Content-Length to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return body


def closed_port():
    """A port of loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]

"""A fleet of CSEs with a wire before each, that keeps what goes through it."""

import socket
import threading

from .fleet import REGISTRAR, Fleet


class Wire:
    """Takes connections for a port, passes on what comes either way, and keeps it."""

    def __init__(self, port):
        self.port = port
        self.heard = b""
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.start(self.take)

    @staticmethod
    def start(run, *words):
        threading.Thread(target=run, args=words, daemon=True).start()

    def take(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.port))
            except ConnectionError:  # nobody there yet
                near.close()
                continue
            except OSError:
                return
            self.start(self.carry, near, far)
            self.start(self.carry, far, near)

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.heard += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Tapped(Fleet):
    """A fleet with a wire before each CSE."""

    def __init__(self, folder, **more):
        super().__init__(folder, **more)
        self.wires = {name: Wire(port) for name, port in self.ports.items()}

    def options(self, name):
        above = name in REGISTRAR and self.url(REGISTRAR[name])
        words = [self.wires[REGISTRAR[name]].url if word == above else word for word in super().options(name)]
        return [*words, "--poa", self.wires[name].url]

    def __exit__(self, *why):
        super().__exit__(*why)
        for wire in self.wires.values():
            wire.close()

    def heard(self):
        return b"".join(wire.heard for wire in self.wires.values())

    def known(self, *names):
        """What these CSEs have written down, and the logs of all."""
        files = [path for name in names for path in (self.folder / name).rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in files) + "".join(map(self.log, self.names)).encode()

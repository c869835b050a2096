"""A wire that is listened to: what goes through it in either direction is kept."""

import socket
import threading

CHUNK = 1 << 16


class Tap:
    """Passes connections on to a port of loopback."""

    def __init__(self, port):
        self.to = port
        self.heard = bytearray()
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()

    def all(self):
        """Every byte that went through."""
        with self.lock:
            return bytes(self.heard)

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, one, other):
        try:
            while data := one.recv(CHUNK):
                with self.lock:
                    self.heard += data
                other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (one, other):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

"""Clients under TLS that are not ours: `requests` (OpenSSL through Python) with a certificate, `openssl s_client` with
a pre-shared key, which Python's ssl cannot do. Both are a lib.onem2m.Client, so every answer is checked."""

import http.client
import io
import subprocess

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from .onem2m import Client


class _Said:
    """What HTTPResponse wants of a socket."""

    def __init__(self, text):
        self.text = text

    def makefile(self, _):
        return io.BytesIO(self.text)


class PskAdapter(BaseAdapter):
    """Each request in a connection of its own, made by `openssl s_client`."""

    def __init__(self, words):
        super().__init__()
        self.words = list(map(str, words))

    def send(self, request, **_):  # pylint: disable=arguments-differ
        fields = {**request.headers, "Host": "localhost", "Connection": "close",
                  "Content-Length": str(len(request.body or b""))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        sent = f"{request.method} {request.path_url} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (request.body or b"")
        port = request.url.split("/")[2].rsplit(":", 1)[1]
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", *self.words],
                              input=sent, capture_output=True, timeout=30, check=False)
        if not done.stdout:
            raise requests.exceptions.SSLError(done.stderr.decode(errors="replace"))
        read = http.client.HTTPResponse(_Said(done.stdout), method=request.method)
        read.begin()
        answer = requests.Response()
        answer.status_code = read.status
        answer.headers = CaseInsensitiveDict(read.getheaders())
        answer._content = read.read()  # pylint: disable=protected-access
        answer.request, answer.url, answer.raw = request, request.url, read
        return answer

    def close(self):
        pass


def by_key(lab, server, name, originator, version="-tls1_3"):
    """For one who holds the pre-shared key of that name."""
    client = Client(f"https://localhost:{server.port}", originator)
    client.session.mount("https://", PskAdapter([version, *lab.psk(name)]))
    return client


def by_certificate(lab, server, pair, originator):
    """For one who holds that certificate and its key; None: for one without."""
    client = Client(f"https://localhost:{server.port}", originator)
    client.session.verify = str(lab.anchor)
    if pair:
        client.session.cert = tuple(map(str, pair))
    return client

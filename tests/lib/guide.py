"""The guides under docs, read and run as they are printed."""

import re
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

from lib.command import Command
from lib.program import binary

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60


def blocks(path, heading=None):
    """[(word behind the fence or nothing, text)] of a guide, or of one of its sections."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if heading:
        text = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S)


def commands(block):
    """What a person types one after the other. A quote may go on in the next line."""
    typed = [""]
    for line in block.replace("\\\n", " ").splitlines():
        typed[-1] += line + "\n"
        if typed[-1].count("'") % 2 == 0:
            typed.append("")
    return [line.strip() for line in typed if line.strip()]


def free_ports():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


class Shell:
    """Runs commands with the program under test, on ports that are free."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin" / "merlon").symlink_to(Path(binary()).resolve())
        self.plain, self.secure = free_ports()
        self.environment = Command(folder, f"http://127.0.0.1:{self.plain}").environment
        self.environment["PATH"] = f"{folder}/bin:{self.environment['PATH']}"
        self.server = None

    def here(self, text):
        return text.replace(":8080", f":{self.plain}").replace(":8443", f":{self.secure}")

    def start(self, text):
        """Goes on beside the others; see `finished`."""
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", self.here(text)], text=True, env=self.environment,
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __call__(self, line, code=0):
        if line.endswith("&"):
            return self.serve(line[:-1])
        return finished(self.start(line), line, code)

    def serve(self, line):
        words = shlex.split(self.here(line))
        assert words[0] == "merlon"
        with open(self.folder / "log", "wb") as log:
            self.server = subprocess.Popen([binary(), *words[1:]], stdout=log, stderr=log, env=self.environment,
                                           cwd=self.folder)
        end = time.monotonic() + SECONDS
        while (self.folder / "log").read_text().count("listening on ") < line.count("--listen"):
            assert self.server.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def close(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            assert self.server.wait(SECONDS) == 0, (self.folder / "log").read_text()


def finished(process, what="", code=0):
    """Waits until it has ended as it should; what it wrote."""
    out, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == code and "Sanitizer" not in errors, f"{what}\n{out}{errors}"
    return subprocess.CompletedProcess(process.args, code, out, errors)

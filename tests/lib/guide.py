"""The guides under docs, read and run as they are printed."""

import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from lib.command import Command
from lib.fleet import free_port
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


class Shell:
    """Runs commands with the program under test, on ports that are free."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin" / "merlon").symlink_to(Path(binary()).resolve())
        self.plain, self.secure = free_port(), free_port()
        self.ports = {":8080": f":{self.plain}", ":8443": f":{self.secure}"}  # what guides say, and what is free
        self.environment = Command(folder, f"http://127.0.0.1:{self.plain}").environment
        self.environment["PATH"] = f"{folder}/bin:{self.environment['PATH']}"
        self.servers = []

    def here(self, text):
        for told, free in self.ports.items():
            text = text.replace(told, free)
        return text

    def start(self, text):
        """Goes on beside the others; see `finished`."""
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", self.here(text)], text=True, env=self.environment,
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __call__(self, line, code=0):
        if line.endswith("&"):
            return self.serve(line[:-1])
        return finished(self.start(line), line, code)

    def serve(self, line):
        """What it writes goes where the line says, else to the file log."""
        words = shlex.split(self.here(line))
        assert words[0] == "merlon"
        name = words.pop() if len(words) > 1 and words[-2] == "2>" else "log"
        words = words[:-1] if name != "log" else words
        path = self.folder / name
        with open(path, "wb") as log:
            server = subprocess.Popen([binary(), *words[1:]], stdout=log, stderr=log, env=self.environment,
                                      cwd=self.folder)
        self.servers.append((server, path))
        end = time.monotonic() + SECONDS
        while path.read_text().count("listening on ") < line.count("--listen"):
            assert server.poll() is None and time.monotonic() < end, path.read_text()
            time.sleep(0.05)

    def stop(self, number):
        """The server that was started as that one."""
        server, path = self.servers.pop(number)
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) == 0, path.read_text()

    def close(self):
        """All of them, before one that ended badly is told."""
        ended = []
        while self.servers:
            server, path = self.servers.pop()
            server.send_signal(signal.SIGTERM)
            ended.append((server.wait(SECONDS), path.read_text()))
        assert not any(code for code, _ in ended), ended


def finished(process, what="", code=0):
    """Waits until it has ended as it should; what it wrote."""
    out, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == code and "Sanitizer" not in errors, f"{what}\n{out}{errors}"
    return subprocess.CompletedProcess(process.args, code, out, errors)

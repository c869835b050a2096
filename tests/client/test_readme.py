"""The first requests of README.md and of docs/guide/command.md, run as they are printed."""

import re
import subprocess
from pathlib import Path

import pytest
from lib.guide import blocks
from lib.program import binary


@pytest.mark.parametrize("path, stems", [
    ("README.md", {"greenhouse": "Cgreenhouse", "dashboard": "Cdashboard"}),
    ("docs/guide/command.md", {"thermo": "Cthermo"}),
])
def test_first_requests(merlon, admin, cse, tmp_path, path, stems):
    script = "".join(text for word, text in blocks(path, "First requests") if not word)
    # a watch never ends; the others stand in the order in which people type them
    script = re.sub(r"(?m)^merlon watch ", "merlon watch --help ", script)
    script = script.replace("export PATH=$PWD/build:$PATH ", "export ")
    assert script.count("merlon ") >= 6
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "merlon").symlink_to(Path(binary()).resolve())
    merlon.environment["PATH"] = f"{tmp_path}/bin:{merlon.environment['PATH']}"
    script = script.replace("http://127.0.0.1:8080", cse.url).replace("curl ", "curl -sS --fail ")
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=False,
                          env=merlon.environment, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "(contentInstance)" in done.stdout and '"con":"21' in done.stdout
    for name, stem in stems.items():
        assert admin.retrieve(f"cse-in/{name}")["aei"] == stem
        admin.delete(f"cse-in/{name}")

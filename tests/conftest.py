"""Lets every suite import what they share as `lib`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

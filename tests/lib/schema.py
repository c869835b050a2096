"""Holds contents against the generated JSON Schemas."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "answers", Path(__file__).resolve().parent.parent / "tools" / "answers.py")
_answers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_answers)
check = _answers.check
validator = _answers.validator

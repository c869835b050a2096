"""JSON as people edit it: one row of a table on one line."""

import json


def one_line(value):
    """Short JSON for a row."""
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict) and value:
        return "{ " + text[1:-1] + " }"
    return text


def filled(items, pad, line):
    """Items separated by commas, as many on a line as fit."""
    lines = [pad]
    for i, item in enumerate(items):
        text = item + ("," if i + 1 < len(items) else "")
        if lines[-1] != pad and len(lines[-1]) + len(text) + 1 > line - 40:
            lines.append(pad)
        lines[-1] += text if lines[-1] == pad else " " + text
    return "\n".join(lines)


def nested(value, depth, line):
    """JSON with one row on one line where it fits."""
    flat = one_line(value)
    scalar = not isinstance(value, (dict, list)) or not value
    is_deep = isinstance(value, dict) and any(isinstance(v, dict) for v in value.values())
    if scalar or (not is_deep and depth > 0 and len(flat) + 2 * depth <= line):
        return flat
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        items = [json.dumps(k, ensure_ascii=False) + ": " + nested(v, depth + 1, line)
                 for k, v in value.items()]
        return "{\n" + ",\n".join(pad + i for i in items) + "\n" + pad[2:] + "}"
    if not any(isinstance(v, (dict, list)) for v in value):
        return "[\n" + filled([one_line(v) for v in value], pad, line) + "\n" + pad[2:] + "]"
    items = [nested(v, depth + 1, line) for v in value]
    return "[\n" + ",\n".join(pad + i for i in items) + "\n" + pad[2:] + "]"


def pretty(value, line=160):
    """The whole text of a file; lines are at most about `line` characters long."""
    return nested(value, 0, line) + "\n"

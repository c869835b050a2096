"""Timestamps of oneM2M. spec: TS-0004 6.3.3"""

from datetime import datetime, timedelta, timezone


def stamp(seconds=0.0):
    """The time that many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%S,%f")


def moment(text):
    """The time that a timestamp means."""
    form = "%Y%m%dT%H%M%S,%f" if "," in text else "%Y%m%dT%H%M%S"
    return datetime.strptime(text, form).replace(tzinfo=timezone.utc)


def seconds_until(text):
    """How far away a timestamp is."""
    return (moment(text) - datetime.now(timezone.utc)).total_seconds()

"""Access rules, evaluated by an implementation of its own: what the server is held against.

Written from TS-0003 7.1.5, TS-0004 6.3.5.27 and 7.4.9.1, not from the code; time by datetime,
addresses by ipaddress. A rule is the object that a request would carry.
"""

import ipaddress
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

SP, CSE = "merlon.example", "id-in"
CREATE = 1
FIELDS = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (2000, 9999)]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
EARTH = 6371000.0


class Refused(Exception):
    """The text is none of its kind."""


# ---- time ----


def number(text, least, most):
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise Refused(text)
    return int(text)


def element(text, least, most):
    found = re.fullmatch(r"([0-9]+)(?:-([0-9]+)(?:/([0-9]+))?)?", text)
    if not found:
        raise Refused(text)
    first = number(found[1], least, most)
    last = number(found[2], least, most) if found[2] else first
    if first > last:
        raise Refused(text)
    return set(range(first, last + 1, number(found[3], 1, 9999) if found[3] else 1))


def schedule(text):
    """The values that each of the seven fields allows."""
    if len(text) > 1024 or text.count(" ") != 6:
        raise Refused(text)
    allowed = []
    for one, (least, most) in zip(text.split(" "), FIELDS):
        every = re.fullmatch(r"\*(?:/([0-9]+))?", one)
        if every:
            step = number(every[1], 1, 9999) if every[1] else 1
            allowed.append(set(range(least, most + 1, step)))
        else:
            allowed.append(set().union(*(element(e, least, most) for e in one.split(","))))
    return allowed


def in_window(text, us):
    at = EPOCH + timedelta(microseconds=us)
    fields = (at.second, at.minute, at.hour, at.day, at.month, at.isoweekday() % 7, at.year)
    return all(value in allowed for value, allowed in zip(fields, schedule(text)))


# ---- addresses ----


def address(text):
    if "%" in text and (":" not in text.split("%")[0] or not text.split("%", 1)[1]):
        raise Refused(text)
    try:
        one = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        raise Refused(text) from None
    return getattr(one, "ipv4_mapped", None) or one


def network(text):
    host, slash, prefix = text.partition("/")
    one = address(host)
    width = 128 if ":" in host else 32
    if slash and (not re.fullmatch(r"0|[1-9][0-9]{0,2}", prefix) or int(prefix) > width):
        raise Refused(text)
    bits = int(prefix) if slash else width
    if width == 128 and one.version == 4:
        bits -= 96
        if bits < 0:
            raise Refused(text)
    return ipaddress.ip_network(f"{one}/{bits}", strict=False)


def in_range(text, ip):
    one, net = address(ip), network(text)
    return one.version == net.version and one in net


# ---- places ----


def distance(a, b):
    """Metres between two (latitude, longitude)."""
    (lat1, lon1), (lat2, lon2) = [[math.radians(x) for x in place] for place in (a, b)]
    h = (math.sin((lat2 - lat1) / 2) ** 2
         + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2)
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(h)))


def in_circle(circle, place):
    latitude, longitude, radius = circle
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180 or radius < 0:
        raise Refused(circle)
    return distance((latitude, longitude), place) <= radius + 1e-6


# ---- originators ----


def canonical(name):
    """(SP, CSE, stem) of an AE-ID or CSE-ID."""
    sp, rest = SP, name
    if name.startswith("//"):
        sp, rest = name[2:].split("/", 1)
        rest = "/" + rest
    if not rest.startswith("/"):
        return (sp, CSE if rest[0] == "C" else "", rest)
    cse, _, stem = rest[1:].partition("/")
    if not stem and cse[0] == "S" and not name.startswith("//x"):
        return (sp, "", cse)
    return (sp, cse, stem)


def spellings(who):
    """All that name the entity, by the number of slashes they begin with."""
    sp, cse, stem = who
    inner = f"/{cse}/{stem}" if cse and stem else f"/{cse}{stem}"
    found = {2: f"//{sp.lower()}{inner}"}
    if sp == SP:
        found[1] = inner
        if stem and cse in ("", CSE):
            found[0] = stem
    return found


def pattern(text):
    return re.compile("[^/]*".join(re.escape(part) for part in text.split("*")), re.S)


def names(entry, request):
    if entry == "all":
        return True
    if "@" in entry and "/" not in entry:
        name, domain = entry.split("@", 1)
        return any(role.split("@", 1) == [name, role.split("@", 1)[1]]
                   and role.split("@", 1)[1].lower() == domain.lower() for role in request.roles)
    if entry in request.groups:
        return True
    who = canonical(request.fr)
    slashes = min(2, len(entry) - len(entry.lstrip("/")))
    if slashes == 2:
        domain, slash, rest = entry[2:].partition("/")
        entry = "//" + domain.lower() + slash + rest
        if domain and not slash:
            return bool(pattern(entry).fullmatch("//" + who[0].lower()))
    spelled = spellings(who).get(slashes)
    return spelled is not None and bool(pattern(entry).fullmatch(spelled))


# ---- rules ----


@dataclass
class Request:
    """What is known of a request."""
    privilege: int
    fr: str = "Cae"
    us: int = 0
    ip: str = ""                 # unknown
    authenticated: bool = False
    roles: list = field(default_factory=list)
    groups: list = field(default_factory=list)  # addresses of groups it is a member of
    place: tuple = ()            # (latitude, longitude)
    country: str = ""
    target: int = 3
    created: int = 0
    target_mgd: int = 0
    target_cnd: str = ""
    created_mgd: int = 0
    created_cnd: str = ""


def context_holds(context, request):
    if "actw" in context and not any(in_window(w, request.us) for w in context["actw"]):
        return False
    if "acip" in context:
        listed = context["acip"].get("ipv4", []) + context["acip"].get("ipv6", [])
        if not request.ip or not any(in_range(r, request.ip) for r in listed):
            return False
    if "aclr" in context:
        region = context["aclr"]
        if "accc" in region:
            return request.country in region["accc"]
        return bool(request.place) and in_circle(region["accr"], request.place)
    return True


def is_specialized(detail, request):
    """spec: the reading of security.md 3.3"""
    if request.target in (13, 28):
        have = {"mgd": request.target_mgd, "cnd": request.target_cnd}
    elif request.created in (13, 28) and "ty" not in detail:
        have = {"mgd": request.created_mgd, "cnd": request.created_cnd}
    else:
        return False
    ((kind, wanted),) = detail["spty"].items()
    return have[kind] == wanted


def detail_holds(detail, request):
    return (detail.get("ty", request.target) == request.target
            and ("spty" not in detail or is_specialized(detail, request))
            and request.created in detail["chty"])


def permits(rules, request):
    """res_acrs. spec: TS-0003 7.1.5"""
    return any(
        bool(rule["acop"] & request.privilege)
        and (request.authenticated or not rule.get("acaf", False))
        and any(names(entry, request) for entry in rule["acor"])
        and ("acco" not in rule or any(context_holds(c, request) for c in rule["acco"]))
        and (request.privilege != CREATE or "acod" not in rule
             or any(detail_holds(d, request) for d in rule["acod"]))
        for rule in rules)

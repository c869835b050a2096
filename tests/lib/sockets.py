"""What the system knows about connections on loopback."""

from pathlib import Path


def has_read_all(sock):
    """Has the peer of this connection taken all bytes from its socket? Asked of the system."""
    ours, peers = (f"0100007F:{port:04X}" for port in (sock.getsockname()[1], sock.getpeername()[1]))
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if (fields[1], fields[2]) == (peers, ours):
            return fields[4].endswith(":00000000")
    return False

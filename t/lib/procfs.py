"""What /proc tells about processes and sockets."""

import contextlib
import os
import pathlib
import signal

_PROC = pathlib.Path("/proc")
_TCP_ESTABLISHED, _TCP_LISTEN = "01", "0A"


def _stat(pid):
    """The fields of /proc/PID/stat after the command: state, ppid, pgrp, session, ..."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _pids():
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def is_running(pid):
    """True for a process that exists and is not a zombie."""
    stat = _stat(pid)
    return stat is not None and stat[0] not in "ZX"


@contextlib.contextmanager
def held(pid):
    """While in this block, a process learns of nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def children(pid):
    """The running children of a process."""
    return [child for child in _pids()
            if (stat := _stat(child)) and int(stat[1]) == pid and stat[0] not in "ZX"]


def session_members(session):
    """The running processes of a session."""
    return [pid for pid in _pids()
            if (stat := _stat(pid)) and int(stat[3]) == session and stat[0] not in "ZX"]


def status(pid, key):
    """A value of /proc/PID/status as text, such as "Uid" or "VmRSS"; None when the process is gone."""
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key + ":")), None)


def resident_bytes(pid):
    """Resident memory of a process; 0 when it is gone."""
    value = status(pid, "VmRSS")
    return int(value.split()[0]) * 1024 if value else 0


def cpu_seconds(pid):
    """User and system time that a process has taken so far."""
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def listening_ports():
    """Every TCP port that something on this machine listens on."""
    return {row["local_port"] for row in _tcp_rows() if row["state"] == _TCP_LISTEN}


def keepalive_timer(local_port, remote_port):
    """Seconds until the kernel's keep-alive probe on a connection; None when none is armed."""
    for row in _tcp_rows():
        if (row["local_port"], row["remote_port"]) == (local_port, remote_port) and row["timer"] == "02":
            return row["timer_seconds"]
    return None


def socket_owners(local_port, remote_port):
    """The pids that hold a descriptor of the connection between these two ports."""
    inodes = {f"socket:[{row['inode']}]" for row in _tcp_rows()
              if (row["local_port"], row["remote_port"]) == (local_port, remote_port)}
    return {pid for pid in _pids() if inodes & set(_descriptors(pid))}


def connection_count(local_port):
    """How many open TCP connections end at a local port."""
    return sum(row["local_port"] == local_port and row["state"] == _TCP_ESTABLISHED for row in _tcp_rows())


def descriptor_count(pid):
    """How many descriptors a process has open."""
    return len(_descriptors(pid))


def open_flags(pid, descriptor):
    """What open(2) and fcntl(2) call the status flags of a process's descriptor."""
    fields = dict(line.split(":") for line in (_PROC / str(pid) / "fdinfo" / str(descriptor)).read_text().splitlines())
    return int(fields["flags"], 8)


def _descriptors(pid):
    """What the descriptors of a process are; those that close meanwhile are left out."""
    found = []
    try:
        for descriptor in (_PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append(str(descriptor.readlink()))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return found


def _tcp_rows():
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            columns = line.split()
            timer, when = columns[5].split(":")
            yield {
                "local_port": int(columns[1].rpartition(":")[2], 16),
                "remote_port": int(columns[2].rpartition(":")[2], 16),
                "state": columns[3],
                "timer": timer,
                "timer_seconds": int(when, 16) / 100,  # clock ticks, of which user space sees 100 a second
                "inode": columns[9],
            }

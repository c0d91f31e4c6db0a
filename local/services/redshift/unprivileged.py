"""Runs one program as an unprivileged user: PostgreSQL refuses to run as root.

``python unprivileged.py UID GID KEEP PROGRAM ARGS...`` replaces itself by PROGRAM. It is a program of its own, not a
``preexec_fn``, because changing credentials between fork and exec is not safe in a process that has threads.

With KEEP=1 the program keeps one single right of root, CAP_DAC_OVERRIDE: a clone below ``/root`` or in a 0700 folder
lies behind parents that the unprivileged user may not enter, and opening those parents to everybody (what the wheel's
own ``get_server()`` does) is not ours to decide.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become(uid: int, gid: int, *, keep_file_access: bool) -> None:
    """Give up root for good.

    :param keep_file_access: keep CAP_DAC_OVERRIDE, also over exec (an ambient capability)
    :raises OSError: the kernel refuses
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if keep_file_access and libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_KEEPCAPS) failed")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not keep_file_access:
        return
    mask = 1 << _CAP_DAC_OVERRIDE
    header, sets = _Header(_CAPABILITY_VERSION_3, 0), (_Sets * 2)(_Sets(mask, mask, mask))
    if libc.capset(ctypes.byref(header), ctypes.byref(sets)):
        raise OSError(ctypes.get_errno(), "capset(CAP_DAC_OVERRIDE) failed")
    if libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_CAP_AMBIENT_RAISE) failed")


def main(arguments: list[str]) -> None:
    uid, gid, keep, *command = arguments
    become(int(uid), int(gid), keep_file_access=keep == "1")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])

# SPDX-License-Identifier: MIT
"""POSIX ACLs and other users, for the tests of rights.

ACLs are written and read as extended attributes, so no package is needed.
"""

import errno
import hashlib
import json
import os
import struct

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NOBODY_ID = 0xffffffff
R, W, X = 4, 2, 1


def pack(entries):
    """The attribute of (tag, rights, id) entries."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries, key=_order))


def _order(entry):
    return entry[0], entry[2]


def unpack(value):
    assert struct.unpack_from("<I", value) == (2,), value
    return [struct.unpack_from("<HHI", value, at) for at in range(4, len(value), 8)]


def acl(owner, group, other, mask=None, users=None, groups=None):
    """An ACL: rights of the three classes, the mask, and {id: rights} of named users and groups."""
    entries = [(USER_OBJ, owner, NOBODY_ID), (GROUP_OBJ, group, NOBODY_ID), (OTHER, other, NOBODY_ID)]
    entries += [(USER, rights, who) for who, rights in (users or {}).items()]
    entries += [(GROUP, rights, who) for who, rights in (groups or {}).items()]
    if mask is not None:
        entries.append((MASK, mask, NOBODY_ID))
    return pack(entries)


def set_acl(path, value, name=ACCESS):
    os.setxattr(path, name, value)


def get_acl(path, name=ACCESS):
    """The entries, or None if there is no ACL."""
    try:
        return unpack(os.getxattr(path, name))
    except OSError:
        return None


class User:
    """A user by numbers, which needs no entry anywhere."""

    def __init__(self, uid, gid, *groups):
        self.uid, self.gid, self.groups = uid, gid, groups

    def __repr__(self):
        return "uid %d, gid %d, groups %s" % (self.uid, self.gid, list(self.groups))

    def tries(self, wanted):
        """What the user gets from each (call, path): a list, in order, of values or names of errnos."""
        results, answers = os.pipe()
        child = os.fork()  # not a new program, as this user may not be allowed to run this Python
        if child == 0:
            os.close(results)
            self._answer(wanted, answers)
        os.close(answers)
        with open(results, "rb") as file:
            text = file.read()
        _, status = os.waitpid(child, 0)
        assert status == 0, "the child of %s: %d" % (self, status)
        return json.loads(text)

    def _answer(self, wanted, answers):
        """Runs in a child, which ends."""
        status = 1
        try:
            os.setgroups(self.groups)
            os.setresgid(self.gid, self.gid, self.gid)
            os.setresuid(self.uid, self.uid, self.uid)
            with open(answers, "w") as file:
                json.dump([_tried(CALLS[call], path) for call, path in wanted], file)
            status = 0
        finally:
            os._exit(status)


def _tried(call, path):
    try:
        return call(path)
    except OSError as error:
        return errno.errorcode[error.errno]


def _read(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _stat(path):
    status = os.stat(path, follow_symlinks=False)
    return [status.st_size, status.st_uid, status.st_gid]


CALLS = {"read": _read, "list": lambda path: sorted(os.listdir(path)), "stat": _stat}

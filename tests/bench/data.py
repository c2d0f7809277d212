# SPDX-License-Identifier: MIT
"""The files that are measured, made once in the bench's own directory."""

import os
import random
import shutil

K, M, G, T = 1 << 10, 1 << 20, 1 << 30, 1 << 40


def log_lines(size, seed=5):
    """About `size` bytes of log lines, one in sixteen an ERROR."""
    dice = random.Random(seed)
    lines = []
    while size > 0:
        line = b"2026-03-%02dT%02d:%02d:%02d.%03dZ web-%02d %s %s /api/orders/%d %dms\n" % (
            dice.randrange(1, 29), dice.randrange(24), dice.randrange(60), dice.randrange(60), dice.randrange(1000),
            dice.randrange(16), dice.choice([b"ERROR"] + [b"INFO"] * 15), dice.choice([b"GET", b"PUT", b"POST"]),
            dice.randrange(10 ** 6), dice.randrange(5000))
        lines.append(line)
        size -= len(line)
    return b"".join(lines)


AGENTS = (b"Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", b"okhttp/4.12.0",
          b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36")


def service_lines(size, seed=6):
    """About `size` bytes of a log as archives hold it: in order of time, and most of a line was there before. One
    line in sixteen is an ERROR."""
    dice = random.Random(seed)
    lines, now = [], 0
    while size > 0:
        now += dice.randrange(40)
        second, order = now // 1000, dice.randrange(10 ** 6)
        head = b"2026-03-14T%02d:%02d:%02d.%03dZ web-%02d %012x " % (second // 3600 % 24, second // 60 % 60, second % 60,
                                                                 now % 1000, dice.randrange(16), dice.getrandbits(48))
        if dice.randrange(16) == 0:
            tail = b"ERROR orders.payment - order %d: the payment service does not answer, attempt %d of 5\n" % (
                order, dice.randrange(1, 6))
        else:
            tail = b'INFO  http.access - %s /api/v2/orders/%d HTTP/1.1 %s %d bytes in %d ms "%s"\n' % (
                dice.choice([b"GET", b"GET", b"GET", b"PUT", b"POST"]), order, dice.choice([b"200", b"200", b"200", b"404"]),
                dice.randrange(5000), dice.randrange(300), dice.choice(AGENTS))
        lines.append(head + tail)
        size -= len(lines[-1])
    return b"".join(lines)


def make_log(path, size):
    """A log of exactly `size` bytes; the last line may be cut."""
    make_repeated(path, size, lambda: log_lines(16 * M))


def make_service_log(path, size):
    """The same, of a log that shrinks to a seventh."""
    make_repeated(path, size, lambda: service_lines(16 * M))


def make_repeated(path, size, make_block):
    """A file of exactly `size` bytes: what make_block() gives, again and again."""
    if path.exists() and path.stat().st_size == size:
        return
    block = make_block()
    with open(path, "wb") as file:
        while file.tell() < size:
            file.write(block[:size - file.tell()])


def copy_part(path, source, size):
    """The first `size` bytes of another file."""
    if path.exists() and path.stat().st_size == size:
        return
    with open(source, "rb") as old, open(path, "wb") as new:
        while new.tell() < size:
            new.write(old.read(min(M, size - new.tell())))


def make_marked(path, size, places):
    """A sparse file of `size` bytes with 64 KiB of lines around each of these places."""
    lines = log_lines(64 * K)
    with open(path, "wb") as file:
        file.truncate(size)
        for place in places:
            file.seek(max(0, place - 32 * K))
            file.write(lines)


def make_files(directory, count):
    """As many empty files, named as pieces are."""
    if directory.exists():
        return
    beside = directory.with_suffix(".part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for number in range(count):
        os.close(os.open(beside / ("%06d" % number), os.O_CREAT | os.O_WRONLY, 0o444))
    beside.rename(directory)


def need_room(directory, size, advice="set TMPDIR to a directory with room"):
    free = shutil.disk_usage(directory).free
    if free < size:
        raise SystemExit("bench: %s has %.1f GiB free and %.1f are needed: %s" % (directory, free / G, size / G, advice))

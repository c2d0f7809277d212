# SPDX-License-Identifier: MIT
"""The arithmetic for 1 PiB on 1,000 hosts, each step from a figure that was measured. A part of the group scale."""

import statistics

from data import G, K, M, T
from report import Result

P = 1 << 50
HOSTS, TASKS = 1000, 1 << 20  # pieces of 1 GiB
LINES = "`lines@n1000.tsv`"
PINNED, ONE, ANOTHER = "open of a piece of `lines@n16,pin=WORD`", "open of it", "open of another one after that"
READ = "all of a piece of 64 MiB"


def human(count):
    for unit, name in ((P, "PiB"), (T, "TiB"), (G, "GiB"), (M, "MiB"), (K, "KiB")):
        if count >= unit:
            return "%.3g %s" % (count / unit, name)
    return "%.3g" % count


def number(count):
    return "{:,.0f}".format(count)


def requests(one):
    return one["getattr"] + one["open"] + one["read"]


def duration(seconds):
    return "%.3g h" % (seconds / 3600) if seconds >= 3600 else "%.3g min" % (seconds / 60)


def tasks(result, kept):
    seen = kept["seen"]
    first, more = seen[ONE], seen[ANOTHER]
    each = TASKS / HOSTS
    opened = HOSTS * first["ahead"] + (TASKS - HOSTS) * more["ahead"]
    result.add("pieces of `lines@1G`", "1 PiB / 1 GiB", number(TASKS))
    result.add("pieces for each host", "%s / %d" % (number(TASKS), HOSTS), number(each))
    result.add("bytes beside the pieces, all hosts", "%d × %s + %s × %s" % (
        HOSTS, human(first["ahead"]), number(TASKS - HOSTS), human(more["ahead"])), "%s, %.1g of 1 PiB" % (human(opened), opened / P))
    result.add("the same with `pin`, once on each host", "%d × %s" % (HOSTS, human(seen[PINNED]["ahead"])),
               human(HOSTS * seen[PINNED]["ahead"]))
    per_mib = (seen[READ]["getattr"]) / 64
    result.add("attribute requests while all is read", "%.2f for each MiB × 2³⁰ MiB" % per_mib, "%.3g" % (per_mib * P / M))
    result.add("of these in a second, if each host reads 1 GiB/s", "%.2f × 1,024 × %d" % (per_mib, HOSTS), "%.2g" % (per_mib * K * HOSTS))


def start(result, kept):
    first, pinned = kept["seen"][ONE], kept["seen"][PINNED]
    result.add("requests if all hosts open their first piece in one second", "%d × (%d + %d + %d)" % (
        HOSTS, first["getattr"], first["open"], first["read"]), number(HOSTS * requests(first)))
    result.add("the same with `pin`", "%d × (%d + %d + %d)" % (HOSTS, pinned["getattr"], pinned["open"], pinned["read"]),
               number(HOSTS * requests(pinned)))


def tables(result, kept):
    line = kept["seen"][LINES]
    each = line["alone"] / 1000
    result.add("one table of `lines@1G`", "%s × %s" % (number(TASKS), human(each)), "%s read, %s attribute requests" % (
        human(TASKS * each), number(TASKS * line["getattr"] / 1000)))
    result.add("the same by each host", "× %d" % HOSTS, "%s: let one host make it" % human(HOSTS * TASKS * each))
    result.add("one table of `lines` (64 MiB)", "16 × as much", human(16 * TASKS * each))


def indexes(result, kept):
    made, index = kept["made"], kept["index"]
    share = index["kept"] / index["size"]
    memory = index["left"] / index["size"]
    rate = statistics.median(one["log.txt"] for one in kept["rates"])
    one_gzip = statistics.median(one["log.gz"] for one in kept["rates"])
    mapped = made["log.gz"]["map_kept"] / G
    result.add("line index of one file of 1 PiB, for `rows`", "%.3g × 1 PiB" % share, human(share * P))
    result.add("memory for it, in each host that uses `rows`", "%.3g × 1 PiB" % memory, human(memory * P))
    result.add("the same as 1,024 files of 1 TiB: in a host that reads one of them", "%.3g × 1 TiB" % memory, human(memory * T))
    result.add("reading that index on %d hosts" % HOSTS, "%d × %s" % (HOSTS, human(share * T)), human(HOSTS * share * T))
    for hosts in (1, 10, HOSTS):
        result.add("making the indexes on %d host%s, each at %.3g GB/s" % (hosts, "s" if hosts > 1 else "", rate / 1e9),
                   "1 PiB / %.3g GB/s / %d" % (rate / 1e9, hosts), duration(P / rate / hosts))
    plain = G / made["log.gz"]["file"] * one_gzip
    result.add("maps of gzip files that hold 1 PiB", "%.2g × 1 PiB" % mapped, human(mapped * P))
    result.add("making them on %d hosts, one core each at %.3g MB/s of plain bytes" % (HOSTS, plain / 1e6),
               "1 PiB / %.3g MB/s / %d" % (plain / 1e6, HOSTS), duration(P / plain / HOSTS))


def report(kept):
    result = Result("scale-petabyte", "1 PiB of log lines, 1,000 hosts, `lines@1G`. Each figure comes from the tables above.",
                    ["what", "from", "result"])
    for part in (tasks, start, tables, indexes):
        part(result, kept)
    return result

# SPDX-License-Identifier: MIT
"""One file on many machines: how far it goes, what a shared file system sees, and the arithmetic for 1 PiB."""

import statistics

import limits
import measure
import petabyte
import shared
from data import G, K, M
from report import ROOT, Result

PAGE = ROOT / "docs" / "scale.md"


def build_rates(bench):
    """Bytes of the file in a second, for making an index or a map from the page cache, each time from nothing."""
    def made(name):
        path = shared.directory(bench) / name

        def timed():
            measure.warm(path)
            return path.stat().st_size / measure.seconds(shared.index_of, path, shared.fresh_kept(bench))
        return timed
    return measure.rounds(bench.rounds, {name: made(name) for name in shared.MADE})


def run(bench):
    kept = shared.run(bench)
    kept["rates"] = build_rates(bench)
    kept.update(limits.run(bench))
    return [kept]


def median(kept, *path):
    """The median over the rounds of a figure in dictionaries."""
    values = kept[path[0]]
    for name in path[1:]:
        values = [one[name] for one in values]
    return statistics.median(values)


def size(count):
    for unit, name in ((G, "GiB"), (M, "MiB"), (K, "KiB")):
        if count >= unit:
            return "%.3g %s" % (count / unit, name)
    return "%d" % count


def report_limits(kept):
    result = Result("scale-limits", """The file of %d bytes is on tmpfs. The others are 1 GiB of log lines, from the page cache. Memory is
what the daemon's anonymous memory grew by. Times are medians of %d rounds, on the machine that
[performance.md](performance.md) names, while it had other work: they are limits from above.""" % (limits.LARGEST, len(kept["views"])),
                    ["", "time", "memory"])
    for view in ("bytes", "lines"):
        result.add("look-up of one of 10⁹ pieces of `%s`, %d bytes" % (view, limits.LARGEST), "%.0f µs" % median(kept, "largest", view), "")
    for name, what in (("names", "names of 1,000,000 pieces"), ("table", "`bytes@n16000000.tsv`, made and read"),
                       ("lines table", "`lines@n1000000.tsv`, made and read")):
        result.add(what, "%.3g s" % median(kept, "views", name, "s"), size(median(kept, "views", name, "most")))
    result.add("a piece that was looked up", "", "%.0f bytes" % median(kept, "views", "open", "node"))
    result.add("a piece that is open, more", "", "%.0f bytes" % median(kept, "views", "open", "handle"))
    result.add("a small file that was looked up", "", "%.0f bytes" % (kept["files"]["left"] / limits.NODES))
    result.add("the daemon after one look", "", size(median(kept, "views", "idle")))
    index = kept["index"]
    result.add("the line index of %s, loaded (%s in the directory)" % (size(index["size"]), size(index["kept"])),
               "%.1f ms" % (1000 * index["s"]), size(index["left"]))
    return result


def report_seen(kept):
    result = Result("scale-seen", """One host, a fresh mount for each row, on a FUSE file system that counts. That file system lets the kernel
keep attributes and names for 60 s, so "attributes" are the look-ups and attribute requests that the server sees all the
same. "Bytes" are what bigfs itself reads, and what the server gives if the kernel below reads ahead (128 KiB). The last
column is the same of the index directory. A few requests more or less depend on how threads meet. `lines@n16` and what
is above it is of a file of 1 TiB, except the names of `lines@n1000`. All else is of files of 1 GiB of plain bytes.""",
                    ["", "attributes", "opens", "reads", "bytes", "with readahead", "index directory"])
    for name in shared.LOOKS:
        one = kept["seen"][name]
        result.add(name, *("%d" % one[count] for count in ("getattr", "open", "read")),
                   size(one["alone"]), size(one["ahead"]), size(one["kept ahead"]))
    return result


def report_making(kept):
    result = Result("scale-making", """`bigfs --index` of 1 GiB of log lines: what it reads of the shared file system, and what it
keeps. The speed is that of the file from the page cache, all processors, medians of %d rounds, as measured while the
machine had other work.""" % len(kept["rates"]),
                    ["", "read, times the file", "attributes", "index, of the plain bytes", "map, of the plain bytes", "MB/s of the file"])
    for name, what in shared.MADE.items():
        made = kept["made"][name]
        result.add(what, "%.2f" % (made["bytes"] / made["file"]), "%d" % made["getattr"],
                   "%.4f%%" % (100 * made["lines_kept"] / G), "%.4f%%" % (100 * made["map_kept"] / G) if made["map_kept"] else "",
                   "%.0f" % (measure.median(kept["rates"], name) / 1e6))
    return result


def report(_, kept):
    kept = kept[0]
    return [report_limits(kept), report_seen(kept), report_making(kept), petabyte.report(kept)]

# SPDX-License-Identifier: MIT
"""The tools that people use, on a piece and on a plain file of the same bytes."""

import sys
from contextlib import ExitStack

import measure
import peers
from data import G, M
from report import HIGHER, NEAR, Result, bars

LINES = "for line in open('%s', 'rb'): pass"
TOOLS = {
    "wc -l": "wc -l %s",
    "grep -c": "grep -c ERROR %s",
    "rg -c": "rg -c ERROR %s",
    "mawk": "mawk '/ERROR/ { n++ } END { print n }' %s",
    "gawk": "gawk '/ERROR/ { n++ } END { print n }' %s",
    "sed": "sed -n '$=' %s",
    "md5sum": "md5sum %s",
    "zstd -1": "zstd -1 -q -c %s",
    "python3, lines": "\"%s\" -c \"%s\"" % (sys.executable, LINES),
    "sort": "sort -S 1G %s",
}
SMALL = ("sort",)  # these get a quarter of what the others get
SIZES = {"64M": 64 * M, "256M": 256 * M}


def run(bench):
    measure.put_in_page_cache(bench.log)
    with ExitStack() as stack:
        mount = stack.enter_context(peers.bigfs(bench))
        nulls = {(kind, size): stack.enter_context(driver(bench, "kernel", 1, SIZES[size])) / "0"
                 for kind, driver in (("null", peers.Null), ("mapping", peers.Mapping)) for size in SIZES}
        variants = {}
        for tool, command in TOOLS.items():
            size = "64M" if tool in SMALL else "256M"
            plain, piece = bench.source / ("plain%s.log" % size), mount / ("big.log/bytes@%s/0" % size)
            measure.put_in_page_cache(plain)
            variants[tool] = compare(command, {"plain": str(plain), "first": piece, "again": piece,
                                               "null": nulls["null", size], "mapping": nulls["mapping", size]})
        return measure.flat(measure.rounds(bench.rounds, variants))


def compare(command, paths):
    def run_all():
        measure.warm(paths["plain"])
        for name in ("first", "null", "mapping"):
            measure.forget(paths[name])
        measure.touch_free_memory(G)
        return {name: measure.hyperfine(command % path, output="pipe") for name, path in paths.items()}
    return run_all


def report(bench, kept):
    result = Result("tools", """Each tool reads a piece of 256 MiB (`sort`: 64 MiB) with default options, and a plain file of the same
bytes. The source is in the page cache. The table has the seconds for the plain file, and the speed of the others to it:
1 is as fast, and higher is better. The last two columns are files of the same size on the two drivers that check
nothing, read for the first time. "No work" has the bytes of one MiB again and again, which `sort` notices; "mapping" has
those of the piece.""",
                    ["", "plain file, s", "piece, first", "piece, again", "no work, first", "mapping, first"])
    ratios, columns = {}, ("first", "again", "null", "mapping")
    for tool in TOOLS:
        for column in columns:
            ratios[tool, column] = measure.ratio(kept, tool + ", plain", "%s, %s" % (tool, column))
        result.add(tool, measure.median(kept, tool + ", plain"), *("%.2f" % ratios[tool, column] for column in columns))
    bars(result, "Tools on a piece, the source in the page cache", "speed to that on a plain file", HIGHER,
         [("%s, %s" % (tool, when), ratios[tool, when], when == "first") for tool in TOOLS for when in ("first", "again")])
    for when in ("first", "again"):
        slowest = min(TOOLS, key=lambda tool: ratios[tool, when])
        result.claim("the slowest, %s (%s)" % (when, slowest), ratios[slowest, when], 0.5)
        result.claim("how many of %d are above 0.8, %s" % (len(TOOLS), when),
                     sum(ratios[tool, when] > 0.8 for tool in TOOLS), len(TOOLS) // 2 + 1)
    far = min((tool for tool in TOOLS if tool not in SMALL), key=lambda tool: ratios[tool, "first"] / ratios[tool, "null"])
    result.claim("first, to a driver that does nothing, the slowest (%s)" % far, ratios[far, "first"] / ratios[far, "null"], NEAR)
    return result

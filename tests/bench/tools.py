"""Point 2: the tools that people use, on a piece and on a plain file of the same bytes."""

import sys

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
SMALL = ("sort",)  # as much as a quarter of the others get


def run(bench):
    measure.put_in_page_cache(bench.log)
    with peers.bigfs(bench) as mount, peers.Null(bench, "kernel", 1, 256 * M) as large, \
            peers.Null(bench, "kernel", 1, 64 * M) as small:
        variants = {}
        for tool, command in TOOLS.items():
            size = "64M" if tool in SMALL else "256M"
            plain = bench.source / ("plain%s.log" % size)
            measure.put_in_page_cache(plain)
            variants[tool] = compare(command, str(plain), mount / ("big.log/bytes@%s/0" % size),
                                     (small if tool in SMALL else large) / "0")
        return measure.flat(measure.rounds(bench.rounds, variants))


def compare(command, plain, piece, null):
    def run_all():
        measure.warm(plain)
        for path in (piece, null):
            measure.forget(path)
        measure.touch_free_memory(G)
        return {name: measure.hyperfine(command % path, output="pipe")
                for name, path in (("plain", plain), ("first", piece), ("again", piece), ("null", null))}
    return run_all


def report(bench, kept):
    result = Result("tools", """A piece of 256 MiB (`sort`: 64 MiB) with default options, against a plain file of the same bytes; the
source in the page cache. Seconds for the plain file, and how fast the piece is in comparison: 1 is as fast.
The last column: a file of as many bytes of a log on a driver that does nothing, read for the first time (its
lines repeat after a MiB, which `sort` notices).""",
                    ["", "plain file, s", "piece, first", "piece, again", "no work, first"])
    ratios = {}
    for tool in TOOLS:
        for when in ("first", "again", "null"):
            ratios[tool, when] = measure.ratio(kept, tool + ", plain", "%s, %s" % (tool, when))
        result.add(tool, measure.median(kept, tool + ", plain"), *("%.2f" % ratios[tool, when] for when in ("first", "again", "null")))
    bars(result, "Tools on a piece, the source in the page cache", "speed to that on a plain file", HIGHER,
         [("%s, %s" % (tool, when), ratios[tool, when], when == "first") for tool in TOOLS for when in ("first", "again")])
    for when in ("first", "again"):
        slowest = min(TOOLS, key=lambda tool: ratios[tool, when])
        result.claim("the slowest, %s: %s" % (when, slowest), ratios[slowest, when], 0.5)
        result.claim("how many of %d are above 0.8, %s" % (len(TOOLS), when),
                     sum(ratios[tool, when] > 0.8 for tool in TOOLS), len(TOOLS) // 2 + 1)
    far = min((tool for tool in TOOLS if tool not in SMALL), key=lambda tool: ratios[tool, "first"] / ratios[tool, "null"])
    result.claim("first, to a driver that does nothing, the least: %s" % far, ratios[far, "first"] / ratios[far, "null"], NEAR)
    return result

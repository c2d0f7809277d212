# SPDX-License-Identifier: MIT
"""What reading leaves in the page cache, the source not cached before."""

import os

import measure
import peers
from report import Result


def run(bench):
    kept = []
    for _ in range(max(1, bench.rounds // 2)):
        measure.forget(bench.log)
        before = measure.cached(str(bench.log))
        with peers.bigfs(bench) as mount:
            view = mount / "big.log/lines"
            pieces = [os.path.join(view, name) for name in sorted(os.listdir(view))]
            taken = measure.seconds(lambda: [measure.warm(piece) for piece in pieces])
            kept.append({"read": sum(os.stat(piece).st_size for piece in pieces), "source before": before, "s": taken,
                         "source": measure.cached(str(bench.log)), "pieces": sum(measure.cached(piece) for piece in pieces)})
        measure.forget(bench.log)
        kept[-1]["cat, s"] = measure.hyperfine("cat %s" % bench.log)
    return kept


def report(bench, kept):
    result = Result("page_cache", """All pieces of `lines` are read once with default options. Nothing of the source was in the page cache
before. The table shows what is in it afterwards, by fincore(1), in GB. The last column is the sum of both to what was
read; lower is better.""",
                    ["read", "of the source before", "of the pieces", "of the source", "sum to what was read"])
    for one in kept:
        result.add(one["read"] / 1e9, one["source before"] / 1e9, one["pieces"] / 1e9, one["source"] / 1e9,
                   "%.2f" % growth(one))
    result.claim("growth of the page cache to what was read", max(growth(one) for one in kept), most=1.15)
    result.text += "\n\nThe reading took %.1f s from the disk, and `cat` of the file %.1f s." % (
        measure.median(kept, "s"), measure.median(kept, "cat, s"))
    return result


def growth(one):
    return (one["pieces"] + one["source"] - one["source before"]) / one["read"]

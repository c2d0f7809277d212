"""Point 6: what reading leaves in the page cache, the source not cached before."""

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
    result = Result("page_cache", """All pieces of `lines` read once with default options, none of the source in the page cache before.
What is in it afterwards, by fincore(1), in GB; the last column is their sum to what was read.""",
                    ["read", "of the source before", "of the pieces", "of the source", "sum to what was read"])
    for one in kept:
        result.add(one["read"] / 1e9, one["source before"] / 1e9, one["pieces"] / 1e9, one["source"] / 1e9,
                   "%.2f" % growth(one))
    result.claim("the page cache has grown by, times what was read", max(growth(one) for one in kept), most=1.15)
    result.text += "\n\nFrom the disk that took %.1f s, `cat` of the file %.1f s." % (
        measure.median(kept, "s"), measure.median(kept, "cat, s"))
    return result


def growth(one):
    return (one["pieces"] + one["source"] - one["source before"]) / one["read"]

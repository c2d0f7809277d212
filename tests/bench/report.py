# SPDX-License-Identifier: MIT
"""Writes the results of a group as markdown between two markers of a page in docs, and its plot."""

import html
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
FIGURES = ROOT / "docs" / "figures"
NEAR = 0.8  # of what a driver that does nothing reaches: as fast as FUSE can be, but for reading the source
HIGHER, LOWER = "higher is better", "lower is better"


class Result:
    """A table, and which claims were met. Rows are lists of cells."""

    def __init__(self, name, text, heading):
        self.name, self.text, self.heading, self.rows, self.claims = name, text, heading, [], []
        self.figure = None  # the title of the plot, once there is one

    def add(self, *cells):
        self.rows.append([cell if isinstance(cell, str) else "%.3g" % cell for cell in cells])

    def claim(self, what, measured, least=None, most=None, unit=""):
        """Something wanted: at least, or at most, so much."""
        met = measured >= least if least is not None else measured <= most
        wanted = "at least %g%s" % (least, unit) if least is not None else "at most %g%s" % (most, unit)
        self.claims.append([what, "%.3g%s" % (measured, unit), wanted, "met" if met else "**missed**"])
        print("    %-64s %8.3g%s  wanted: %s%s" % (what, measured, unit, wanted, "" if met else "  MISSED"), flush=True)

    def compare(self, what, measured):
        """A comparison without a wanted value."""
        self.claims.append([what, "%.3g" % measured, "", ""])

    def markdown(self):
        parts = [self.text.strip(), table(self.heading, self.rows)]
        if self.figure:
            parts.append("![%s](figures/%s.svg)" % (self.figure, self.name))
        if self.claims:
            parts.append(table(["what", "measured", "wanted", ""], self.claims))
        return "\n\n".join(part for part in parts if part)


def table(heading, rows):
    if not rows:
        return ""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| %s |" % " | ".join(line) for line in lines)


def write(name, text, page=PAGE):
    """Put a block between its markers in the page."""
    old = page.read_text()
    pattern = re.compile(r"(<!-- bench: %s -->\n).*?(<!-- end -->)" % re.escape(name), re.DOTALL)
    if not pattern.search(old):
        raise SystemExit("bench: %s has no place for %s" % (page.relative_to(ROOT), name))
    page.write_text(pattern.sub(lambda found: found[1] + text + "\n" + found[2], old))


# --- plots -------------------------------------------------------------------------------------------

STYLE = """set terminal svg size %d,%d font "sans-serif,13" background "white"
set output "%s"
set label 1 %s at screen 0.015,%g left font "sans-serif,16"
set label 2 %s at screen 0.015,%g left
set tmargin at screen %g
set border 3 lc rgb "#888888"
set grid %s lc rgb "#dddddd" lt 1
set key %s
set tics nomirror
"""
WIDTH, LETTER = 860, 8.4  # pixels, the latter of a name's average letter
OURS, OTHERS = "#2166ac", "#b8b8b8"


def gnuplot(script, result):
    """Draw, and give the picture its title, which browsers and screen readers tell; gnuplot's own is "Gnuplot"."""
    done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True)
    if done.returncode or done.stderr.strip():
        raise RuntimeError("gnuplot: " + done.stderr)
    path = FIGURES / (result.name + ".svg")
    path.write_text(path.read_text().replace("<title>Gnuplot<", "<title>%s<" % html.escape(result.figure), 1))


def quoted(text):
    return '"%s"' % str(text).replace("\\", "\\\\").replace('"', "'").replace("@", "\\\\@").replace("_", "\\\\_")


def style(result, title, better, height, grid, key):
    """What all plots have: a title, and below it which way is better."""
    FIGURES.mkdir(exist_ok=True)
    result.figure = title
    return STYLE % (WIDTH, height, FIGURES / (result.name + ".svg"), quoted(title), 1 - 20 / height,
                    quoted(better), 1 - 44 / height, 1 - 62 / height, grid, key)


def bars(result, title, unit, better, values):
    """Horizontal bars: values are (name, number, whether it is bigfs's), the first one on top."""
    count, longest = len(values), max(len(name) for name, _, _ in values)
    script = style(result, title, better, 124 + 24 * count, "x", "off")
    script += "set xlabel %s\nset xrange [0:%g]\nset yrange [-0.7:%g]\nset lmargin at screen %g\n" % (
        quoted(unit), 1.12 * max(value for _, value, _ in values), count - 0.3, (30 + LETTER * longest) / WIDTH)
    script += "set ytics (%s) scale 0\n" % ", ".join("%s %d" % (quoted(name), count - 1 - n)
                                                    for n, (name, _, _) in enumerate(values))
    script += 'plot "-" using ($1/2):2:($1/2):(0.36):3 with boxxyerror fs solid noborder lc rgb variable title "bars", ' \
              '"-" using 1:2:3 with labels left offset 0.6,0 title "values"\n'
    places = [(value, count - 1 - n, ours) for n, (_, value, ours) in enumerate(values)]
    script += "".join("%g %d %d\n" % (value, y, int((OURS if ours else OTHERS)[1:], 16)) for value, y, ours in places)
    script += "e\n" + "".join('%g %d "%.3g"\n' % (value, y, value) for value, y, _ in places) + "e\n"
    gnuplot(script, result)


def lines(result, title, xlabel, unit, better, xtics, curves):
    """Curves over a logarithmic axis: name -> list of (x, y)."""
    highest = max(y for points in curves.values() for _, y in points)
    script = style(result, title, better, 390, "y", "top right")
    script += 'set logscale x 2\nset xrange [%g:%g]\nset bmargin 5\nset xlabel "%s" offset 0,-1\nset ylabel "%s"\n' % (
        0.9 * xtics[0][1], 1.1 * xtics[-1][1], xlabel, unit)
    script += 'set yrange [0:%g]\nset xtics (%s)\n' % (
        1.6 * highest, ", ".join('"%s" %d' % (name, x) for name, x in xtics))
    colours = [OURS, "#d6604d", "#4d9221", "#888888"]
    script += "plot " + ", ".join('"-" with linespoints pt 7 ps 0.5 lw 2 lc rgb "%s" title "%s"' % (colour, name)
                                  for colour, name in zip(colours, curves)) + "\n"
    for points in curves.values():
        script += "".join("%d %g\n" % point for point in points) + "e\n"
    gnuplot(script, result)

# SPDX-License-Identifier: MIT
"""The check of sizes measures as it says, and finds each limit passed."""

import fixture
import sizes


def function(name, lines):
    return "void %s(void)\n{\n%s}\n" % (name, "    work();\n" * lines)


class SizesTest(fixture.CheckTest):
    check = staticmethod(sizes.check)

    def test_percentiles(self):
        self.assertEqual([sizes.percentile([1, 2, 3, 4], percent) for percent in (0, 25, 50, 51, 95, 100)],
                         [1, 1, 2, 3, 4, 4])
        self.assertEqual(sizes.percentile(list(range(1, 21)), 95), 19)

    def test_no_file(self):
        self.finds()

    def test_what_is_small(self):
        self.write("core/base/a.c", function("a", 3) + function("b", 9))
        self.write("core/base/a.h", "\n" * 10)
        self.finds()
        self.assertEqual(self.printed, "2 files: median 10 lines, longest 18\n"
                         "2 functions: median 3 lines, 95th percentile 9, longest 9 (core/base/a.c:7, b)\n")

    def test_a_long_file(self):
        self.write("core/base/a.c", "\n" * 401)
        self.write("core/base/b.c", "\n" * 400)
        self.write("core/base/c.c", "\n")
        self.write("core/base/d.c", "\n")
        self.finds("core/base/a.c:401: sizes: a file has at most 400 lines")

    def test_the_median_of_files(self):
        self.write("core/base/a.c", "\n" * 160)
        self.finds("core:1: sizes: the median of files is 160 lines; it must be below 160")

    def test_the_median_of_functions(self):
        self.write("core/base/a.c", function("a", 10))
        self.finds("core:1: sizes: the median of functions is 10 lines; it must be below 10")

    def test_long_functions(self):
        self.write("core/base/a.c", "".join(function("f%d" % i, 1) for i in range(18)) + function("g", 25) * 2)
        self.finds("core:1: sizes: the 95th percentile of functions is 25 lines; it must be below 25")


if __name__ == "__main__":
    fixture.main()

# SPDX-License-Identifier: MIT
"""The check of names finds two files that define the same."""

import fixture
import names


class NamesTest(fixture.CheckTest):
    check = staticmethod(names.check)

    def setUp(self):
        super().setUp()
        self.write("core/base/a.c", "struct walk {\n    int a;\n};\n\nstatic int find(void)\n{\n    return 0;\n}\n")

    def test_different_names(self):
        self.write("fs/tree/b.c", "struct walk *walk(void);\n\nstatic int find_node(void)\n{\n    return find();\n}\n")
        self.finds()

    def test_a_function(self):
        self.write("fs/tree/b.h", "\nstatic inline int find(int a)\n{\n    return a;\n}\n")
        self.finds("fs/tree/b.h:2: names: the function find is in core/base/a.c:5, too")

    def test_a_tag(self):
        self.write("fs/tree/b.c", "void f(void)\n{\n    enum walk { A, B };\n}\n")
        self.finds("fs/tree/b.c:3: names: the tag walk is in core/base/a.c:1, too")

    def test_tests_are_no_part_of_it(self):
        self.write("tests/unit/test_a.c", "static int find(void)\n{\n    return 0;\n}\n")
        self.finds()


if __name__ == "__main__":
    fixture.main()

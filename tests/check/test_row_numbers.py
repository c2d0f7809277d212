# SPDX-License-Identifier: MIT
"""The check of numbers finds two rows that have the same one."""

import fixture
import row_numbers


def row(kind, name, number):
    return "const struct %s %s = {\n    .name = \"x\",\n%s    .work = work,\n};\n" % (
        kind, name, "" if number is None else "    .number = %d,\n" % number)


class NumbersTest(fixture.CheckTest):
    check = staticmethod(row_numbers.check)

    def setUp(self):
        super().setUp()
        self.write("core/format/lines.c", row("record_format", "lines_format", 0))
        self.write("core/content/plain.c", row("content_type", "plain_content", 0))
        self.write("fs/tree/a_node.c", row("node_type", "a_node", 1))

    def test_different_numbers(self):
        self.write("fs/tree/b_node.c", row("node_type", "b_node", 2))
        self.finds()

    def test_the_same(self):
        self.write("fs/tree/b_node.c", "\n" + row("node_type", "b_node", 1) + row("node_type", "c_node", 3))
        self.finds("fs/tree/b_node.c:2: numbers: b_node has the number 1, as a_node has")

    def test_one_that_is_not_written(self):
        self.write("core/format/nul.c", row("record_format", "nul_format", None))
        self.finds("core/format/nul.c:1: numbers: nul_format has the number 0, as lines_format has")

    def test_a_row_in_one_line(self):
        self.write("fs/tree/b_node.c", "const struct node_type b_node = {.number = 1};\n")
        self.finds("fs/tree/b_node.c:1: numbers: b_node has the number 1")

    def test_other_tables(self):
        self.write("fs/operation/a.c", "const struct operation a_operation = {.name = \"a\"};\n")
        self.write("fs/operation/b.c", "const struct operation b_operation = {.name = \"b\"};\n")
        self.finds()


if __name__ == "__main__":
    fixture.main()

# SPDX-License-Identifier: MIT
"""The check of dead code finds what nobody uses, and nothing that somebody does."""

import fixture
import unused


class UnusedTest(fixture.CheckTest):
    check = staticmethod(unused.check)

    def setUp(self):
        super().setUp()
        self.write("core/base/a.h", "int a_find(void);\n")
        self.write("core/base/a.c", "/* a_find() */\nint a_find(void)\n{\n    return 0;\n}\n")

    def test_nobody(self):
        self.finds("core/base/a.h:1: dead code: nobody uses a_find")

    def test_a_declaration_is_no_use(self):
        self.write("core/base/b.h", "\nint a_find(void);\n")
        self.finds("core/base/a.h:1: dead code", "core/base/b.h:2: dead code")

    def test_a_call(self):
        self.write("fs/tree/b.c", "void b(void)\n{\n    a_find();\n}\n")
        self.finds()

    def test_a_pointer(self):
        self.write("fs/tree/b.c", "static const struct row row = {.find = a_find};\n")
        self.finds()

    def test_a_macro(self):
        self.write("fs/tree/b.h", "#define FIND __attribute__((cleanup(a_find)))\n")
        self.finds()

    def test_an_inline_function(self):
        self.write("fs/tree/b.h", "static inline int b(void)\n{\n    return a_find();\n}\n")
        self.finds("fs/tree/b.h:1: dead code: nobody uses b")

    def test_only_tests(self):
        self.write("tests/unit/test_a.c", "int main(void)\n{\n    return a_find();\n}\n")
        self.finds()
        self.assertEqual(self.printed, "core/base/a.h:1: note: only tests use a_find\n")


if __name__ == "__main__":
    fixture.main()

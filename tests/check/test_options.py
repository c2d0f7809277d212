# SPDX-License-Identifier: MIT
"""The check of options finds one that is in the table and is not explained."""

import fixture
import options

TABLE = """
    {"rows",         0,   true,  SHOW,  ARGUMENT_REQUIRED, set_rows, A_COUNT},
    {NULL,           'o', false, MOUNT, ARGUMENT_LIST,     pass_on,  SOME_OPTIONS},
    {"help",         'h', false, ANY,   ARGUMENT_OPTIONAL, set_help, "all"},
"""
HELP = """
    "    --rows COUNT          how many\\n"
    "    -o OPT[,OPT...]       others\\n"
    "    -h, --help[=all]      this\\n"
"""
MANUAL = """
.It Fl -rows Ar COUNT
.It Fl o Ar OPT
.It Fl h , -help Ns Op = Ns Cm all
"""


class OptionsTest(fixture.CheckTest):
    check = staticmethod(options.check)

    def setUp(self):
        super().setUp()
        self.write(options.TABLE, TABLE)
        self.write(options.HELP, HELP)
        self.write(options.MANUAL, MANUAL)

    def test_all_is_explained(self):
        self.finds()

    def test_an_option_that_is_not(self):
        self.write(options.TABLE, TABLE + '    {"row",          0,   true,  SHOW,  A, set_row, A_COUNT},\n')
        self.finds("fs/command/option_rules.c:5: options: --row has no item",
                   "fs/command/option_rules.c:5: options: --row is not in the text of --help=all")

    def test_one_document_lacks_it(self):
        self.write(options.HELP, HELP.replace("-o OPT", "-O OPT"))
        self.finds("fs/command/option_rules.c:3: options: -o is not in the text")
        self.write(options.HELP, HELP)
        self.write(options.MANUAL, MANUAL.replace(".It Fl h , -help", ".It Fl h"))
        self.finds("fs/command/option_rules.c:4: options: --help has no item in docs/bigfs.1")

    def test_an_empty_table(self):
        self.write(options.TABLE, "")
        self.finds("fs/command/option_rules.c:1: options: the table has no rows")


if __name__ == "__main__":
    fixture.main()

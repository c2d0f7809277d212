# SPDX-License-Identifier: MIT
"""The check of licences finds files that do not begin with theirs."""

import fixture
import licence


class LicenceTest(fixture.CheckTest):
    check = staticmethod(licence.check)

    def setUp(self):
        super().setUp()
        self.write("CMakeLists.txt", licence.OTHER_LINE + "\nproject(bigfs)\n")
        self.write("core/base/list.h", licence.C_LINE + "\n/* Lists. */\n")
        self.write("scripts/test", "#!/bin/bash\n" + licence.OTHER_LINE + "\n")

    def test_files_that_have_it(self):
        self.write("README.md", "# bigfs\n")
        self.write("tests/fuzz/corpus/index_file/empty", "")
        self.finds()

    def test_files_that_have_not(self):
        self.write("fs/tree/node.c", licence.OTHER_LINE + "\n")
        self.write("tests/CMakeLists.txt", "\n")
        self.write("tests/mount/test_a.py", '"""A test."""\n' + licence.OTHER_LINE + "\n")
        self.write("tests/unit/test_a.c", "")
        self.write("scripts/bench", "#!/bin/bash\n\n" + licence.OTHER_LINE + "\n")
        self.write(".ci/run", licence.C_LINE)
        self.finds(".ci/run:1", "fs/tree/node.c:1: licence: this line must be /*", "scripts/bench:2: licence: this line",
                   "tests/CMakeLists.txt:1: licence: this line must be #", "tests/mount/test_a.py:1", "tests/unit/test_a.c:1")


if __name__ == "__main__":
    fixture.main()

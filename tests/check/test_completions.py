# SPDX-License-Identifier: MIT
"""The check of completions finds options that a shell does not complete."""

import completions
import fixture

RULES = """const struct option_rule option_rules[] = {
    {"chunk-size",   0,   true,  ARGUMENT_REQUIRED, set_chunk_size,   A_SIZE},
    {"foreground",   'f', true,  ARGUMENT_NONE,     set_foreground,   NULL},
    {NULL,           'o', false, ARGUMENT_LIST,     pass_on,          SOME_OPTIONS},
};
"""
FILES = {
    "bigfs.bash": "options='--chunk-size= --foreground -f -o'\nlist='chunk_size= foreground'\n",
    "_bigfs": "'--chunk-size=[x]'\n{-f,--foreground}'[x]'\n'*-o[x]'\n'chunk_size[x]'\n'foreground[x]'\n",
    "bigfs.fish": "set -l before x\ncomplete -l chunk-size \ncomplete -s f -l foreground \ncomplete -s o -a x\n"
                  "printf $before{chunk_size=,foreground}\n",
}


class CompletionsTest(fixture.CheckTest):
    check = staticmethod(completions.check)

    def setUp(self):
        super().setUp()
        self.write(completions.RULES, RULES)
        for name, text in FILES.items():
            self.write(completions.FOLDER + name, text)

    def test_all_there(self):
        self.finds()
        self.assertEqual(self.printed, "")

    def test_each_form_in_each_shell(self):
        lost = {"--chunk-size": "chunk-size", "-o chunk_size": "chunk_size"}
        for name, text in FILES.items():
            for form, word in lost.items():
                with self.subTest(name=name, form=form):
                    self.write(completions.FOLDER + name, text.replace(word, "other"))
                    self.finds("%s%s:1: completions: there is no %s" % (completions.FOLDER, name, form))
            self.write(completions.FOLDER + name, text)

    def test_letters(self):
        for name, text in FILES.items():
            with self.subTest(name=name):
                self.write(completions.FOLDER + name, text.replace(" -f", " -x").replace("{-f", "{-x").replace("-s f", ""))
                self.finds("%s%s:1: completions: there is no -f" % (completions.FOLDER, name))
            self.write(completions.FOLDER + name, text)

    def test_what_is_not_an_option_is_told(self):
        self.write(completions.FOLDER + "bigfs.bash", FILES["bigfs.bash"] + "more='--old='\n")
        self.finds()
        self.assertIn("bigfs has no option --old", self.printed)


if __name__ == "__main__":
    fixture.main()

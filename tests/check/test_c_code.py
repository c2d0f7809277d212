# SPDX-License-Identifier: MIT
"""What the checks read from C."""

import unittest

import c_code

TEXT = r'''
/* struct comment { int not_here(void); }; */
#define CALL(x) \
    do_call(x)
static const char *quoted = "struct quoted { \" int f(void)";
struct pair {
    int (*member)(int);
    union both {
        int a;
    } inner;
};
enum { FIRST, SECOND };
typedef int (*callback)(int);
extern int (*hook)(int);
_Static_assert(sizeof(int) == 4, "int");
static const int number = INT_C(5);
int declared(int (*with)(int),
             struct pair *pair) __attribute__((format(printf, 1, 2)));

static inline bool
on_two_lines(void)
{
    return '{' == '"'; // }
}

__attribute__((target("avx2")))
static int with_attribute(void)
{
    if (true) {
        declared(NULL, NULL);
    }

    return 0;
}
static const int table[] = {1, 2};
void empty(void)
{
}
'''


class CodeTest(unittest.TestCase):
    def test_functions(self):
        self.assertEqual([(found.name, found.lines) for found in c_code.functions(TEXT)],
                         [("on_two_lines", 1), ("with_attribute", 5), ("empty", 0)])

    def test_declarations(self):
        self.assertEqual([found.name for found in c_code.declarations(TEXT)], ["declared"])

    def test_tags(self):
        self.assertEqual([found.name for found in c_code.tags(TEXT)], ["pair", "both"])

    def test_lines(self):
        for found in [*c_code.functions(TEXT), *c_code.declarations(TEXT), *c_code.tags(TEXT)]:
            self.assertIn(found.name, TEXT.splitlines()[found.line - 1])

    def test_words(self):
        words = c_code.words(TEXT)
        self.assertIn("do_call", words)
        self.assertEqual(words.count("declared"), 2)
        for word in ("comment", "quoted_", "not_here", "avx2"):
            self.assertNotIn(word, words)


if __name__ == "__main__":
    unittest.main()

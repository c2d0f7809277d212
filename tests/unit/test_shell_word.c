/* SPDX-License-Identifier: MIT */
/* shell_word: one word for a shell, on one line. tests/mount/test_status.py asks a shell. */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "core/base/shell_word.h"

static void test_words(void **state)
{
    static const struct {
        const char *text;
        const char *word;
    } cases[] = {
        {"64M", "64M"},
        {"csv=csv", "csv=csv"},
        {"/var/cache/bigfs", "/var/cache/bigfs"},
        {"", "''"},
        {"a b", "'a b'"},
        {"entry=[0-9]{4}-", "'entry=[0-9]{4}-'"},
        {"x=\\.", "'x=\\.'"}, /* a backslash has no meaning between single quotes */
        {"it's", "'it'\\''s'"},
        {"$HOME`id`", "'$HOME`id`'"},
        {"~x", "'~x'"},
        {"\303\244", "'\303\244'"},
        {"a\nb", "$'a\\012b'"},
        {"\x1b[2J'\\", "$'\\033[2J\\'\\\\'"},
        {"\302\233x", "$'\\302\\233x'"}, /* U+009B begins a command, too */
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char *word = shell_word(cases[i].text);
        assert_non_null(word);
        assert_string_equal(word, cases[i].word);
        free(word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

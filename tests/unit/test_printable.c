/* SPDX-License-Identifier: MIT */
/* core/base/printable: names in messages. */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "core/base/printable.h"

static void assert_printed(const char *text, const char *wanted)
{
    char *copy = printable(text);
    assert_non_null(copy);
    assert_string_equal(copy, wanted);
    free(copy);
}

static void test_ordinary_names(void **state)
{
    (void)state;
    assert_printed("", "");
    assert_printed("app.log", "app.log");
    assert_printed("sp. ace", "sp. ace");
    assert_printed("\303\244\342\202\254", "\303\244\342\202\254"); /* UTF-8 */
    assert_printed("\377\376", "\377\376");
    assert_printed("\302\240", "\302\240"); /* no control character: U+00A0 */
    assert_printed("\302", "\302");
}

static void test_controls(void **state)
{
    (void)state;
    assert_printed("a\tb\nc\\d", "a\\tb\\nc\\\\d");
    assert_printed("\n", "\\n");
    assert_printed("\r\x1b[2J\x7f", "\\x0d\\x1b[2J\\x7f");
    assert_printed("\302\233x", "\\xc2\\x9bx"); /* U+009B begins a command, too */
    assert_printed("\\\n\\", "\\\\\\n\\\\");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_names),
        cmocka_unit_test(test_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* csv_run: each way to run gives what the table of the machine gives, byte by byte. */
#include "tests/unit/support.h"

#include <string.h>

#include "core/format/csv_run.h"

enum { MOST = 1500, CASES = 20000 };

/* Well-formed fields mostly, or any bytes; the alphabet is small, so that quotes meet. */
static size_t random_csv(struct random *random, uint8_t *bytes)
{
    static const char odd[] = "\"\",\n;x";
    static const char *const fields[] = {"a,",         "bc\n",    "\"d\",", "\"e\"\"f\",",
                                         "\"g\nh\"\n", "\"\",",   ",",      "\n",
                                         "inch\",",    "\"i\"j,", "\r\n"};
    const bool wild = random_chance(random, 50);
    size_t length = 0;
    const size_t most = random_below(random, MOST);

    while (length < most) {
        const char *field = fields[random_below(random, LENGTH_OF(fields))];
        if (wild)
            bytes[length++] = (uint8_t)odd[random_below(random, sizeof(odd) - 1)];
        else
            for (; *field != '\0' && length < most; field++)
                bytes[length++] = (uint8_t)*field;
    }
    return length;
}

static void check_way(enum csv_way way, const uint8_t *bytes, size_t length, uint64_t number)
{
    for (uint8_t from = 0; from < CSV_STATES; from++) {
        uint8_t wanted = from;
        uint8_t state = from;
        uint64_t ends = csv_run_by(CSV_BYTES, bytes, length, ',', &wanted);
        if (csv_run_by(way, bytes, length, ',', &state) != ends || state != wanted)
            fail_msg("way %d, case %llu, from state %d", (int)way, (unsigned long long)number,
                     from);
    }
}

static void test_ways_agree(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        uint8_t bytes[MOST];
        size_t length = random_csv(&random, bytes);
        for (enum csv_way way = CSV_WORDS; way < CSV_WAYS; way++)
            if (csv_can(way))
                check_way(way, bytes, length, i);
    }
}

/* The transitions that are easily wrong, one by one. */
static void test_the_machine(void **state)
{
    static const struct {
        const char *text;
        uint64_t ends;
        uint8_t to;
    } cases[] = {
        {"", 0, CSV_FIELD_START},
        {"a", 0, CSV_UNQUOTED},
        {"a,", 0, CSV_FIELD_START},
        {"\n\n", 2, CSV_FIELD_START},
        {"\"a\nb", 0, CSV_QUOTED},
        {"\"a\nb\"", 0, CSV_QUOTE},
        {"\"a\nb\"\n", 1, CSV_FIELD_START},
        {"\"a\"\"\nb\"\n", 1, CSV_FIELD_START},
        {"6\" pipe\n", 1, CSV_FIELD_START},
        {"6\" \"pipe\n", 1, CSV_FIELD_START},
        {"\"a\"b\"\n", 1, CSV_FIELD_START},
        {"\"a\" \"b\n", 1, CSV_FIELD_START},
        {"\"a\"\r\n", 1, CSV_FIELD_START},
        {"\r\"\n", 1, CSV_FIELD_START},
        {"a,\"\n\",\"\"\"\n", 0, CSV_QUOTED},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const size_t length = strlen(cases[i].text);
        uint8_t to = CSV_FIELD_START;
        assert_int_equal(csv_run((const uint8_t *)cases[i].text, length, ',', &to), cases[i].ends);
        assert_int_equal(to, cases[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_agree),
        cmocka_unit_test(test_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * record_formats: the table; and each format against a model that looks at one byte at a time.
 */
#include "tests/unit/support.h"

#include <stdio.h>
#include <string.h>

#include "core/format/csv.h"
#include "core/format/fasta.h"
#include "core/format/fastq.h"
#include "core/format/lines.h"
#include "core/format/nul.h"
#include "core/format/record_formats.h"

enum { MOST = 700, CASES = 4000 };

/* --- the models ------------------------------------------------------------------------------- */

/* The next state. *ends: the byte ends a record. */
typedef unsigned (*step_model)(unsigned state, uint8_t byte, bool *ends);

static unsigned step_line(unsigned state, uint8_t byte, bool *ends)
{
    *ends = byte == '\n';
    return state;
}

static unsigned step_nul(unsigned state, uint8_t byte, bool *ends)
{
    *ends = byte == 0;
    return state;
}

static unsigned step_fastq(unsigned lines, uint8_t byte, bool *ends)
{
    *ends = byte == '\n' && lines == 3;
    return byte == '\n' ? (lines + 1) % 4 : lines;
}

static unsigned step_fasta(unsigned at_start, uint8_t byte, bool *ends)
{
    *ends = byte == '>' && at_start != 0;
    return byte == '\n';
}

/* Python's names of the states: START_FIELD, IN_FIELD, IN_QUOTED_FIELD, QUOTE_IN_QUOTED_FIELD. */
static unsigned step_csv_by(uint8_t delimiter, unsigned state, uint8_t byte, bool *ends)
{
    *ends = state != 2 && byte == '\n';
    if (state == 2)
        return byte == '"' ? 3 : 2;
    if (byte == '"' && state != 1)
        return 2;
    return byte == '\n' || byte == delimiter ? 0 : 1;
}

static unsigned step_csv(unsigned state, uint8_t byte, bool *ends)
{
    return step_csv_by(',', state, byte, ends);
}

static unsigned step_tab(unsigned state, uint8_t byte, bool *ends)
{
    return step_csv_by('\t', state, byte, ends);
}

static const struct {
    const struct record_format *format;
    step_model step;
} models[] = {
    {&lines_format, step_line},  {&nul_format, step_nul},       {&fastq_format, step_fastq},
    {&fasta_format, step_fasta}, {&csv_formats[','], step_csv}, {&csv_formats['\t'], step_tab},
};

/* --- comparisons ------------------------------------------------------------------------------ */

struct text {
    uint8_t bytes[MOST];
    size_t length;
};

static void make_text(struct random *random, struct text *text)
{
    static const char alphabet[] = "\n\n\n\"\",,\t>x\r";
    const bool runs = random_chance(random, 50);

    text->length = random_below(random, MOST);
    for (size_t i = 0; i < text->length; i++) {
        if (i > 0 && runs && random_chance(random, 70))
            text->bytes[i] = text->bytes[i - 1];
        else
            text->bytes[i] = (uint8_t)alphabet[random_below(random, sizeof(alphabet))];
    }
}

/* Where the model finds record ends. Moves *state past all. Returns how many. */
static size_t find_by_model(step_model step, const struct text *text, unsigned *state,
                            size_t places[MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++) {
        bool ends;
        *state = step(*state, text->bytes[i], &ends);
        if (ends)
            places[count++] = i;
    }
    return count;
}

/* The model's state after the byte at `place`. */
static unsigned state_after(step_model step, const struct text *text, unsigned state, size_t place)
{
    bool ends;
    for (size_t i = 0; i <= place; i++)
        state = step(state, text->bytes[i], &ends);
    return state;
}

static void check_from(size_t model, const struct text *text, uint8_t from, struct random *random)
{
    const struct record_format *format = models[model].format;
    size_t places[MOST];
    unsigned last = from;
    const size_t count = find_by_model(models[model].step, text, &last, places);
    uint8_t state = from;

    assert_int_equal(format->count_ends(format, text->bytes, text->length, &state), count);
    assert_int_equal(state, last);
    for (uint64_t nth = count + 1; nth > 0; nth -= random_between(random, 1, nth)) {
        const bool there = nth <= count;
        state = from;
        assert_int_equal(format->find_end(format, text->bytes, text->length, &state, nth),
                         there ? places[nth - 1] : text->length);
        assert_int_equal(state, there ? state_after(models[model].step, text, from, places[nth - 1])
                                      : last);
    }
    state = from;
    assert_int_equal(format->find_end(format, text->bytes, text->length, &state, UINT64_MAX),
                     text->length);
}

/* All states at once, in two parts with zeros between them. */
static void check_pass(size_t model, const struct text *text, struct random *random)
{
    const struct record_format *format = models[model].format;
    const size_t cut = random_below(random, text->length + 1);
    const size_t zeros = random_below(random, 3) * random_below(random, 100);
    struct record_effect effect = record_effect_none;

    record_format_pass(format, text->bytes, cut, &effect);
    record_format_pass_zeros(format, zeros, &effect);
    record_format_pass(format, text->bytes + cut, text->length - cut, &effect);
    for (unsigned from = 0; from < format->states; from++) {
        unsigned state = from;
        uint64_t count = 0;
        for (size_t i = 0; i < text->length + zeros; i++) {
            const bool zero = i >= cut && i < cut + zeros;
            bool ends;
            state =
                models[model].step(state, zero ? 0 : text->bytes[i < cut ? i : i - zeros], &ends);
            count += ends;
        }
        assert_int_equal(effect.ends[from], count);
        assert_int_equal(effect.to[from], state);
    }
}

static void test_formats_and_models(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        struct text text;
        make_text(&random, &text);
        for (size_t k = 0; k < LENGTH_OF(models); k++) {
            for (uint8_t from = 0; from < models[k].format->states; from++)
                check_from(k, &text, from, &random);
            check_pass(k, &text, &random);
        }
    }
}

/* The bytes before a place tell the state there, and end no record when read from state 0. */
static void test_context(void **state)
{
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(models); k++) {
        const struct record_format *format = models[k].format;
        for (unsigned byte = 0; byte < 256 && !format->needs_index && format->context > 0; byte++) {
            const uint8_t context = (uint8_t)byte;
            uint8_t from_0 = 0;
            assert_int_equal(format->count_ends(format, &context, 1, &from_0), 0);
            for (uint8_t from = 0; from < format->states; from++) {
                uint8_t after = from;
                (void)format->count_ends(format, &context, 1, &after);
                assert_int_equal(after, from_0);
            }
        }
        assert_true(format->context > 0 || format->states == 1 || format->needs_index);
    }
}

/* Whether a content is complete: without an index, its last byte tells. */
static void test_complete(void **state)
{
    (void)state;
    assert_true(lines_format.is_complete('\n', 0));
    assert_false(lines_format.is_complete('x', 0));
    assert_true(nul_format.is_complete('\0', 0));
    assert_false(nul_format.is_complete('\n', 0));
    assert_true(fastq_format.is_complete('\n', 0));
    assert_false(fastq_format.is_complete('\n', 1));
    assert_false(fastq_format.is_complete('x', 0));
    assert_false(fasta_format.is_complete('\n', 1));
    assert_true(csv_formats[','].is_complete('\n', 0));
    assert_false(csv_formats[','].is_complete(',', 0));
    assert_false(csv_formats[','].is_complete('\n', 2));
}

/* --- the table -------------------------------------------------------------------------------- */

static void check_format(const struct record_format *format)
{
    assert_in_range(format->states, 1, RECORD_STATES);
    assert_in_range(format->context, 0, RECORD_CONTEXT);
    assert_non_null(format->find_end);
    assert_non_null(format->count_ends);
    assert_non_null(format->is_complete);
    assert_ptr_equal(record_format_numbered(format->number), format);
    assert_ptr_equal(record_format_filed(format->name), format);
    assert_null(strchr(format->name, '/'));
    assert_null(strchr(format->name, '.'));
}

static void test_the_table(void **state)
{
    (void)state;
    assert_ptr_equal(default_format, &lines_format);
    assert_int_equal(lines_format.number, 0); /* as in index files since there are any */
    for (const struct record_formats *row = record_formats; row->count > 0; row++)
        for (size_t i = 0; i < row->count; i++)
            check_format(&row->formats[i]);
    assert_null(record_format_numbered(255));
    assert_null(record_format_filed("csv"));
    assert_string_equal(csv_formats[0xff].name, "csv-ff");
    assert_int_equal(csv_formats[0xff].delimiter, 0xff);
}

static const struct record_format *named(const char *name)
{
    return record_format_named(name, strlen(name));
}

static void test_names(void **state)
{
    static const char *const none[] = {"",      "lines",  "cs",     "csv=",   "csv=,",  "csv=\"",
                                       "csv=/", "csv=\n", "csv=\r", "csv=;;", "csv=ta", "csv=tabs",
                                       "csv;",  "nul ",   "fast",   "fastqq", "FASTQ",  "csv-2c"};
    (void)state;
    assert_ptr_equal(named("nul"), &nul_format);
    assert_ptr_equal(named("fastq"), &fastq_format);
    assert_ptr_equal(named("fasta"), &fasta_format);
    assert_ptr_equal(named("csv"), &csv_formats[',']);
    assert_ptr_equal(named("csv=;"), &csv_formats[';']);
    assert_ptr_equal(named("csv=tab"), &csv_formats['\t']);
    assert_ptr_equal(named("csv=\t"), &csv_formats['\t']);
    assert_ptr_equal(named("csv=|"), &csv_formats['|']);
    assert_ptr_equal(named("csv=\xff"), &csv_formats[0xff]);
    assert_null(record_format_named("csv=\0", 5));
    assert_ptr_equal(record_format_named("nulx", 3), &nul_format);
    for (size_t i = 0; i < LENGTH_OF(none); i++)
        assert_null(named(none[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats_and_models),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

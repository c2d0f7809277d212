/* SPDX-License-Identifier: MIT */
/* The tables of kinds: each row is whole, and its name and number are no other row's. */
#include "tests/unit/support.h"

#include <string.h>

#include "core/codec/codec.h"
#include "core/content/contents.h"
#include "core/format/record_formats.h"
#include "core/generation/generation_end.h"
#include "core/view/table_row.h"
#include "core/view/view_types.h"
#include "fs/operation/operations.h"
#include "fs/serve/server.h"
#include "fs/tree/generated_type.h"

/* Asserts that the names, up to NULL, are not empty and differ. Returns how many there are. */
static size_t assert_differ(const char *const *names)
{
    size_t count = 0;
    for (; names[count] != NULL; count++) {
        assert_true(names[count][0] != '\0');
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(names[i], names[count]);
    }
    return count;
}

#define ASSERT_NAMES_DIFFER(rows)                                                                  \
    do {                                                                                           \
        const char *names[64] = {NULL};                                                            \
        for (size_t n = 0; (rows)[n] != NULL; n++)                                                 \
            names[n] = (rows)[n]->name;                                                            \
        assert_true(assert_differ(names) > 0);                                                     \
    } while (0)

static void test_names(void **state)
{
    (void)state;
    ASSERT_NAMES_DIFFER(content_types);
    ASSERT_NAMES_DIFFER(view_types);
    ASSERT_NAMES_DIFFER(generated_types);
    ASSERT_NAMES_DIFFER(operations);
}

/* Their names are in names of files. */
static void test_formats(void **state)
{
    (void)state;
    for (const struct record_formats *row = record_formats; row->count > 0; row++)
        for (size_t i = 0; i < row->count; i++)
            assert_ptr_equal(record_format_filed(row->formats[i].name), &row->formats[i]);
}

static void test_operations(void **state)
{
    size_t count = 0;
    (void)state;

    for (; operations[count] != NULL; count++) {
        /* What works in a lane needs both; what is answered at once needs neither. */
        assert_true((operations[count]->run != NULL) == (operations[count]->refuse != NULL));
    }
    assert_true(count <= MOST_OPERATIONS);
}

/* The functions that a view needs if it has others. */
static void test_views(void **state)
{
    (void)state;
    for (size_t i = 0; view_types[i] != NULL; i++) {
        const struct view_type *type = view_types[i];
        assert_int_equal(view_type_named(type->name, strlen(type->name)), i);
        if (type->is_single)
            continue;
        assert_true((type->count != NULL) == (type->find_number != NULL));
        assert_true(type->count == NULL || type->next == NULL);
        assert_true(type->count != NULL || type->next != NULL || type->is_found_only);
        assert_true(type->read_range != NULL || !type->ranges_have_header);
        if (type->read_range != NULL)
            assert_non_null(type->find_range);
        assert_true((type->takes & TAKES_SIZE) == 0 || type->parse_size != NULL);
        assert_true((type->parse_size != NULL) == (type->usual_size != NULL));
        size_t columns = 0;
        while (type->columns != NULL && type->columns[columns].name != NULL)
            assert_non_null(type->columns[columns++].value);
        assert_in_range(columns, 0, TABLE_NUMBERS_MOST - TABLE_NUMBERS_COMMON);
    }
}

/* A generated file is a report or a text of a view; what can be computed has all it takes. */
static void test_generated(void **state)
{
    bool texts = false;
    (void)state;

    for (size_t i = 0; generated_types[i] != NULL; i++) {
        const struct generated_type *type = generated_types[i];
        assert_true((type->write != NULL) != (type->line != NULL));
        assert_false(type->write != NULL && texts); /* reports come first */
        texts = texts || type->line != NULL;
        assert_true((type->is_computed != NULL) == (type->length != NULL));
        assert_true((type->is_computed != NULL) == (type->place_at != NULL));
        assert_true(type->tells_path == (type->can_tell != NULL));
        if (type->line != NULL) /* the ending of a view's name, or a whole name */
            assert_true((type->name[0] == '.') != type->is_of_file);
    }
}

static void test_contents(void **state)
{
    (void)state;
    assert_null(content_types[0]->codec); /* the file as it is */
    for (size_t i = 0; content_types[i] != NULL; i++) {
        assert_non_null(content_types[i]->size_of);
        assert_non_null(content_types[i]->copy);
        assert_non_null(content_types[i]->lend);
        assert_int_equal(content_is_held(content_types[i]), i > 0);
        assert_ptr_equal(content_type_numbered(content_types[i]->number), content_types[i]);
        if (content_types[i]->codec != NULL)
            assert_string_equal(content_types[i]->name, content_types[i]->codec->name);
        assert_true((content_types[i]->may_have_holes != NULL) ==
                    (content_types[i]->extent_at != NULL));
    }
}

static void test_reasons(void **state)
{
    const char *names[END_REASONS + 1] = {NULL};
    const char *texts[END_REASONS + 1] = {NULL};
    (void)state;

    for (unsigned i = 0; i < END_REASONS; i++) {
        names[i] = end_reason_name((enum end_reason)i);
        texts[i] = end_reason_text((enum end_reason)i);
    }
    assert_int_equal(assert_differ(names), END_REASONS);
    assert_int_equal(assert_differ(texts), END_REASONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_formats),
        cmocka_unit_test(test_operations), cmocka_unit_test(test_views),
        cmocka_unit_test(test_generated),  cmocka_unit_test(test_contents),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

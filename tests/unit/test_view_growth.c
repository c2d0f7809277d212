/* SPDX-License-Identifier: MIT */
/* view: which selectors may select another piece once a file has been appended to. */
#include "tests/unit/support.h"

#include <string.h>

#include "core/content/word_note.h"
#include "core/file/fault_guard.h"
#include "core/view/view_types.h"
#include "core/view/whole_view.h"
#include "tests/unit/view_said.h"

enum { MOST = 3000, CASES = 3000 };

/* A few short records; the last may be cut. */
static size_t random_text(struct random *random, char *text)
{
    size_t length = random_between(random, 1, MOST);
    for (size_t i = 0; i < length; i++)
        text[i] = random_chance(random, 5) ? '\n' : (char)('v' + random_below(random, 3));
    if (random_chance(random, 50))
        text[length - 1] = '\n';
    return length;
}

static struct view random_view(struct random *random, const struct reading *reading)
{
    static const char *const kinds[] = {"bytes", "lines", "bytes", "lines", "sorted"};
    char name[VIEW_NAME_MOST + 1];
    struct view view = whole_of_file;
    struct view_said said = {
        .kind = kinds[random_below(random, LENGTH_OF(kinds))],
        .by_count = random_chance(random, 30),
        .size = random_between(random, 1, 400),
    };

    if (random_chance(random, 10))
        return view;
    if (strcmp(said.kind, "bytes") != 0)
        said.header = random_below(random, 3);
    const bool is_sorted = strcmp(said.kind, "sorted") == 0;
    said.has_to = !is_sorted && random_chance(random, 40);
    said.to = said.has_to ? random_between(random, 1, reading->size) : reading->size;
    if (!is_sorted && random_chance(random, 40))
        said.from = random_below(random, said.to);
    if (!is_sorted && random_chance(random, 20))
        assert_int_equal(
            word_find(reading, random_between(random, said.to, reading->size), &said.pin), 0);
    said.to = said.has_to ? said.to : 0;
    view_said_write(&said, false, name);
    assert_int_equal(view_said_parse(name, strlen(name), &view), 0);
    return view;
}

static struct selector random_selector(struct random *random, const struct view *view,
                                       const struct view_file *file)
{
    static const char *const keys[] = {"v", "vw", "w..x", "vv..", "..wx"};
    const bool ranges = view->type->read_range != NULL && random_chance(random, 50);
    struct selector selector = {.kind = SELECT_NUMBER};

    if (view->type->is_found_only)
        return (struct selector){
            .kind = SELECT_KEYS,
            .keys = keys[random_below(random, LENGTH_OF(keys))],
        };
    if (ranges && random_chance(random, 30))
        return (struct selector){.kind = SELECT_TAIL, .length = random_between(random, 1, MOST)};
    if (ranges)
        return (struct selector){
            .kind = SELECT_RANGE,
            .offset = random_below(random, (view->has_to ? view->to : file->size) + 1),
            .length = random_between(random, 1, MOST),
        };
    selector.offset = random_below(random, view_count(view, file));
    return selector;
}

/* Resolves; whether the piece depends on growth in *depends. */
static struct piece resolve(const struct view *view, const struct selector *selector,
                            const struct reading *reading, bool *depends)
{
    struct view_file file = {.reading = reading, .size = reading->size};
    struct piece piece;
    struct piece_data data;

    assert_int_equal(view_file_complete(&file, view, NULL), 0);
    assert_int_equal(view_resolve(view, selector, &file, &piece, &data), 0);
    *depends = view_depends_on_growth(view, &file, &data);
    if (view_is_pinned(view) ||
        (view->has_to && data.bytes.offset + data.bytes.length < reading->size))
        assert_false(*depends);
    return piece;
}

/* Returns whether the piece of this case depends on growth. */
static bool check_case(struct world *world, uint64_t number)
{
    struct random random = random_case(number);
    char text[MOST];
    bool depends = false;
    bool ignored = false;

    scratch_write(&world->scratch, "text", text, random_text(&random, text));
    AUTO_READING struct reading before = reading_world_pin(world, "text");
    const struct view view = random_view(&random, &before);
    struct view_file file = {.reading = &before, .size = before.size};
    assert_int_equal(view_file_complete(&file, &view, NULL), 0);
    const struct selector selector = random_selector(&random, &view, &file);
    const struct piece was = resolve(&view, &selector, &before, &depends);

    if (depends)
        return true;
    scratch_append(&world->scratch, "text", text, random_text(&random, text));
    AUTO_READING struct reading after = reading_again(&before);
    assert_true(after.size > before.size);
    const struct piece is = resolve(&view, &selector, &after, &ignored);
    if (!piece_equal(&was, &is))
        fail_msg("case %llu", (unsigned long long)number);
    return false;
}

static void test_what_growth_changes(void **state)
{
    unsigned depending = 0;

    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < CASES; i++)
        depending += check_case(*state, i) ? 1 : 0;
    assert_in_range(depending, CASES / 10, CASES * 8 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_growth_changes, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

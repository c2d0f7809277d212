/* SPDX-License-Identifier: MIT */
/* list: order, links that may be taken out at any time, and a model to compare with. */
#include "tests/unit/support.h"

#include <string.h>

#include "core/base/list.h"

struct item {
    int before; /* so that the link is not at the start of its object */
    struct list link;
    int number;
};

static int number_of(const struct list *link)
{
    return list_object(link, const struct item, link)->number;
}

/* The list holds these numbers, read in either direction. */
static void assert_holds(const struct list *head, const int *numbers, size_t count)
{
    const struct list *forward = head->next;
    const struct list *backward = head->previous;

    for (size_t i = 0; i < count; i++) {
        assert_ptr_not_equal(forward, head);
        assert_int_equal(number_of(forward), numbers[i]);
        assert_ptr_not_equal(backward, head);
        assert_int_equal(number_of(backward), numbers[count - 1 - i]);
        forward = forward->next;
        backward = backward->previous;
    }
    assert_ptr_equal(forward, head);
    assert_ptr_equal(backward, head);
    assert_int_equal(list_empty(head), count == 0);
}

static void make_items(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i].number = (int)i;
        list_reset(&items[i].link);
    }
}

/* What was appended first comes first. */
static void test_order(void **state)
{
    struct item items[3];
    struct list head;
    (void)state;

    list_reset(&head);
    assert_holds(&head, NULL, 0);
    make_items(items, 3);
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    assert_holds(&head, (const int[]){0, 1, 2}, 3);
}

static void test_remove(void **state)
{
    struct item items[3];
    struct list head;
    (void)state;

    list_reset(&head);
    make_items(items, 3);
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    list_remove(&items[1].link);
    assert_holds(&head, (const int[]){0, 2}, 2);
    list_remove(&items[0].link);
    assert_holds(&head, (const int[]){2}, 1);
    list_remove(&items[2].link);
    assert_holds(&head, NULL, 0);
}

/* Removing what is in no list is harmless; a removed link can be appended again. */
static void test_unlinked(void **state)
{
    struct item items[2];
    struct list head;
    (void)state;

    list_reset(&head);
    make_items(items, 2);
    list_remove(&items[0].link);
    assert_true(list_empty(&items[0].link));
    list_append(&head, &items[0].link);
    list_append(&head, &items[1].link);
    list_remove(&items[0].link);
    list_remove(&items[0].link);
    assert_holds(&head, (const int[]){1}, 1);
    list_append(&head, &items[0].link);
    assert_holds(&head, (const int[]){1, 0}, 2);
}

enum { ITEMS = 12 };

/* The same operations on an array of numbers. */
struct model {
    int numbers[ITEMS];
    size_t count;
};

static void model_remove(struct model *model, int number)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->numbers[i] == number) {
            model->count--;
            memmove(&model->numbers[i], &model->numbers[i + 1],
                    (model->count - i) * sizeof(model->numbers[0]));
            return;
        }
}

static void test_against_model(void **state)
{
    struct random random = random_case(0);
    struct item items[ITEMS];
    struct model model = {.count = 0};
    struct list head;
    (void)state;

    list_reset(&head);
    make_items(items, ITEMS);
    for (int step = 0; step < 5000; step++) {
        int number = (int)random_below(&random, ITEMS);
        model_remove(&model, number);
        list_remove(&items[number].link);
        if (random_chance(&random, 70)) {
            model.numbers[model.count++] = number;
            list_append(&head, &items[number].link);
        }
        assert_holds(&head, model.numbers, model.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_unlinked),
        cmocka_unit_test(test_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

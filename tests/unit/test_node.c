/* SPDX-License-Identifier: MIT */
/* The node table: one node for what means the same, as long as the kernel knows it. */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "fs/tree/node.h"

enum { MANY = 2000 };

/* How often the content of a node was released. */
static unsigned released;

static void print_inode(const union node_content *content, struct fingerprint *print)
{
    print->words[0] = content->file.identity.inode;
}

static void count_release(const union node_content *content)
{
    (void)content;
    released++;
}

static const struct node_type folder_type = {.number = 101, .shown_as = S_IFDIR, .stands = true};
static const struct node_type thing_type = {.number = 102,
                                            .shown_as = S_IFREG,
                                            .stands = true,
                                            .print = print_inode,
                                            .release = count_release};

static struct node_table table;

static int setup(void **state)
{
    (void)state;
    released = 0;
    return node_table_init(&table, &folder_type);
}

static int teardown(void **state)
{
    (void)state;
    node_table_destroy(&table);
    return 0;
}

static struct node *get(struct node *parent, const struct node_type *type, const char *name,
                        uint64_t inode)
{
    const union node_content content = {.file.identity.inode = inode};
    struct node *node = node_get(&table, parent, type, name, &content);
    assert_non_null(node);
    return node;
}

static void test_the_same_is_one_node(void **state)
{
    struct node *root = table.root;
    (void)state;

    struct node *node = get(root, &thing_type, "a", 1);
    assert_ptr_equal(get(root, &thing_type, "a", 1), node);
    assert_int_equal(node_table_count(&table), 1);
    assert_int_equal(released, 1); /* what came with the second look-up is not needed */
    assert_ptr_not_equal(get(root, &thing_type, "a", 2), node);
    assert_ptr_not_equal(get(root, &thing_type, "b", 1), node);
    assert_ptr_not_equal(get(root, &folder_type, "a", 1), node);
    assert_int_equal(node_table_count(&table), 4);
}

/* It is freed with the last look-up that the kernel gives back, and not before. */
static void test_forget(void **state)
{
    (void)state;
    struct node *node = get(table.root, &thing_type, "a", 1);
    (void)get(table.root, &thing_type, "a", 1);
    (void)get(table.root, &thing_type, "a", 1);
    node_forget(&table, node, 2);
    assert_int_equal(node_table_count(&table), 1);
    node_forget(&table, node, 1);
    assert_int_equal(node_table_count(&table), 0);
    assert_int_equal(released, 3);
}

/* The kernel may give back more than it had, and the root is never freed. */
static void test_forget_too_much(void **state)
{
    (void)state;
    node_forget(&table, get(table.root, &thing_type, "a", 1), 7);
    assert_int_equal(node_table_count(&table), 0);
    node_forget(&table, table.root, 5);
    assert_ptr_equal(get(table.root, &thing_type, "b", 1)->parent, table.root);
}

/* A directory stays as long as something in it is known. */
static void test_parents(void **state)
{
    (void)state;
    struct node *outer = get(table.root, &folder_type, "outer", 0);
    struct node *inner = get(outer, &folder_type, "inner", 0);
    struct node *leaf = get(inner, &thing_type, "leaf", 1);
    node_forget(&table, outer, 1);
    node_forget(&table, inner, 1);
    assert_int_equal(node_table_count(&table), 3);
    char *path = node_path(leaf, "more");
    assert_string_equal(path, "outer/inner/leaf/more");
    free(path);
    node_forget(&table, leaf, 1);
    assert_int_equal(node_table_count(&table), 0);
}

static void test_paths(void **state)
{
    (void)state;
    struct node *outer = get(table.root, &folder_type, "a \n", 0);
    struct node *leaf = get(outer, &thing_type, "b", 1);
    const struct {
        const struct node *node;
        const char *name;
        const char *path;
    } cases[] = {
        {table.root, NULL, ""}, {table.root, "x", "x"}, {outer, NULL, "a \n"},
        {outer, "x", "a \n/x"}, {leaf, NULL, "a \n/b"}, {leaf, "x", "a \n/b/x"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char *path = node_path(cases[i].node, cases[i].name);
        assert_string_equal(path, cases[i].path);
        free(path);
    }
}

/* A node that comes where another one was has another number for file handles. */
static void test_incarnations(void **state)
{
    uint32_t last = 0;
    (void)state;

    for (int i = 0; i < 100; i++) {
        struct node *node = get(table.root, &thing_type, "a", 1);
        assert_int_not_equal(node->incarnation, 0);
        assert_int_not_equal(node->incarnation, last);
        last = node->incarnation;
        node_forget(&table, node, 1);
    }
    table.incarnation = UINT32_MAX;
    assert_int_equal(get(table.root, &thing_type, "a", 1)->incarnation, 1);
}

/* Users see the same number for the same name, whatever is known at the time. */
static void test_inode_numbers(void **state)
{
    const union node_content content = {.file.identity.inode = 1};
    (void)state;

    struct node *node = get(table.root, &thing_type, "a", 1);
    const uint64_t inode = node->inode;
    assert_int_equal(node_inode(table.root, &thing_type, "a", &content), inode);
    assert_int_not_equal(node_inode(table.root, &thing_type, "b", &content), inode);
    assert_int_not_equal(node_inode(table.root, &folder_type, "a", &content), inode);
    node_forget(&table, node, 1);
    assert_int_equal(get(table.root, &thing_type, "a", 2)->inode, inode);
    assert_true(inode > table.root->inode);
}

static void test_many(void **state)
{
    static struct node *nodes[MANY];
    char name[16];
    (void)state;

    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        nodes[i] = get(table.root, &thing_type, name, i);
    }
    assert_int_equal(node_table_count(&table), MANY);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        assert_ptr_equal(get(table.root, &thing_type, name, i), nodes[i]);
    }
    for (unsigned i = 0; i < MANY; i += 2)
        node_forget(&table, nodes[i], 2);
    assert_int_equal(node_table_count(&table), MANY / 2);
}

static void look_up_and_forget(void *argument, unsigned index)
{
    char name[16];
    (void)argument;

    for (unsigned i = 0; i < MANY; i++) {
        const union node_content content = {.file.identity.inode = i % 7};
        (void)snprintf(name, sizeof(name), "%u", (i * (index + 1)) % 11);
        struct node *node = node_get(&table, table.root, &folder_type, name, &content);
        THREAD_CHECK(node != NULL && strcmp(node->name, name) == 0);
        if (node != NULL)
            node_forget(&table, node, 1);
    }
}

static void test_threads(void **state)
{
    (void)state;
    run_threads(6, look_up_and_forget, NULL);
    assert_int_equal(node_table_count(&table), 0);
    assert_int_equal(table.root->children, 0);
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(test_the_same_is_one_node),
        NODE_TEST(test_forget),
        NODE_TEST(test_forget_too_much),
        NODE_TEST(test_parents),
        NODE_TEST(test_paths),
        NODE_TEST(test_incarnations),
        NODE_TEST(test_inode_numbers),
        NODE_TEST(test_many),
        NODE_TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

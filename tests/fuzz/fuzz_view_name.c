/* SPDX-License-Identifier: MIT */
/*
 * Any name is a view or none; what it says can be written in two ways, and read again. If it is
 * none, there is a reason.
 *
 *     input     the name
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/view/name_reason.h"
#include "tests/unit/view_said.h"

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_numbers(const struct view_said *said)
{
    require(!view_said_is_cut(said->kind) || (said->size > 0 && said->size <= INT64_MAX));
    require(strcmp(said->kind, "rows") != 0 || (said->rows > 0 && said->rows <= INT64_MAX));
    require(said->header <= INT64_MAX);
    require(said->from <= INT64_MAX && said->to <= INT64_MAX && said->pin.size <= INT64_MAX);
    require((said->from == 0 && !said->has_to) || view_said_is_cut(said->kind));
    require(said->header == 0 || strcmp(said->kind, "lines") == 0 ||
            strcmp(said->kind, "rows") == 0 || strcmp(said->kind, "sorted") == 0);
}

static void check_reason(const char *name, size_t length)
{
    static const struct view_defaults defaults = {.chunk_size = CHUNK_SIZE_OPEN};
    struct name_reason reason = {""};

    name_reason_of_view(name, length, &defaults, &reason);
    require(memchr(reason.text, '\0', sizeof(reason.text)) != NULL && reason.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view_said said;
    struct view_said again;
    char name[VIEW_NAME_MOST + 1];
    int error = view_said_read((const char *)data, size, &said);

    require(error == 0 || error == -ENOENT);
    if (error != 0)
        check_reason((const char *)data, size);
    for (int reversed = 0; error == 0 && reversed < 2; reversed++) {
        check_numbers(&said);
        view_said_write(&said, reversed != 0, name);
        require(view_said_read(name, strlen(name), &again) == 0);
        require(view_said_same(&said, &again));
    }
    return 0;
}

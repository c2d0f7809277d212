/* SPDX-License-Identifier: MIT */
#include "core/view/partition.h"

#include "core/base/checked.h"
#include "core/base/quantity.h"

bool partition_parse(const char *text, size_t length,
                     int (*parse)(const char *text, size_t length, uint64_t *value),
                     struct partition *partition)
{
    struct partition read = {.by_count = length > 0 && text[0] == 'n'};
    int error = read.by_count ? quantity_parse_number(text + 1, length - 1, &read.value)
                              : parse(text, length, &read.value);

    if (error != 0 || read.value == 0)
        return false;
    *partition = read;
    return true;
}

uint64_t partition_count(const struct partition *partition, uint64_t size)
{
    if (partition->by_count)
        return partition->value;
    return size / partition->value + (size % partition->value != 0 ? 1 : 0);
}

uint64_t partition_start(const struct partition *partition, uint64_t size, uint64_t index)
{
    uint64_t start = 0;

    if (partition->by_count) /* at most `size`, so it cannot wrap */
        return index * (size / partition->value) + min_u64(index, size % partition->value);
    return checked_mul(index, partition->value, &start) ? min_u64(start, size) : size;
}

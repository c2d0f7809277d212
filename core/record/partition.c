#include "core/record/partition.h"

#include "core/base/checked.h"

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

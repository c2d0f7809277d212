/* SPDX-License-Identifier: MIT */
#include "core/file/mappable.h"

#include "core/file/file_system_kind.h"

enum { UNKNOWN, MAY_BE_MAPPED, MUST_BE_COPIED };

bool mappable_ask(struct mappable *mappable, int fd)
{
    int answer = atomic_load(&mappable->answer);

    if (answer == UNKNOWN) {
        answer = file_system_has(fd, FILE_SYSTEM_MAPPABLE) ? MAY_BE_MAPPED : MUST_BE_COPIED;
        atomic_store(&mappable->answer, answer);
    }
    return answer == MAY_BE_MAPPED;
}

bool mappable_known(const struct mappable *mappable)
{
    return atomic_load(&mappable->answer) == MAY_BE_MAPPED;
}

/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: a program sees as many processors as the environment's PROCESSORS says. So a
 * small machine can measure a driver with threads for a large one.
 */
#include <stdlib.h>
#include <unistd.h>

long __sysconf(int name); /* the C library's own */

long sysconf(int name)
{
    const char *processors = getenv("PROCESSORS");
    if (name == _SC_NPROCESSORS_ONLN && processors != NULL)
        return strtol(processors, NULL, 10);
    return __sysconf(name);
}

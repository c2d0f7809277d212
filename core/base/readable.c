/* SPDX-License-Identifier: MIT */
#include "core/base/readable.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

void readable_bytes(uint64_t bytes, char *text)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(text, READABLE_MOST, "%.*f %s", unit > 0 && value < 100 ? 1 : 0, value,
                   units[unit]);
}

void readable_seconds(uint64_t seconds, char *text)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    enum { LAST = sizeof(units) / sizeof(units[0]) - 1 };
    size_t unit = 0;

    while (unit < LAST && seconds < units[unit].seconds)
        unit++;
    if (unit == LAST)
        (void)snprintf(text, READABLE_MOST, "%" PRIu64 " s", seconds);
    else
        (void)snprintf(text, READABLE_MOST, "%" PRIu64 " %s %" PRIu64 " %s",
                       seconds / units[unit].seconds, units[unit].name,
                       seconds % units[unit].seconds / units[unit + 1].seconds,
                       units[unit + 1].name);
}

void readable_utc(time_t time, char *text)
{
    struct tm parts = {0};

    if (gmtime_r(&time, &parts) == NULL ||
        strftime(text, READABLE_MOST, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        (void)snprintf(text, READABLE_MOST, "at an unknown time");
}

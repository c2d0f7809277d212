/* SPDX-License-Identifier: MIT */
/* Sizes and times as people read them. Each text has room for READABLE_MOST bytes. */
#ifndef BIGFS_CORE_BASE_READABLE_H
#define BIGFS_CORE_BASE_READABLE_H

#include <stdint.h>
#include <time.h>

enum { READABLE_MOST = 48 };

/* "999 B", "1.5 KiB", "64.0 MiB", "512 GiB". */
void readable_bytes(uint64_t bytes, char *text);

/* The two largest units of a time: "0 s", "59 s", "1 min 5 s", "2 h 30 min", "12 d 3 h". */
void readable_seconds(uint64_t seconds, char *text);

/* A time in UTC as RFC 3339 writes it: "2026-11-28T09:15:00Z". */
void readable_utc(time_t time, char *text);

#endif

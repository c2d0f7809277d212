/* SPDX-License-Identifier: MIT */
/* Finds out whether an index directory can be used, before there is anything to keep. */
#ifndef BIGFS_CORE_INDEX_INDEX_PROBE_H
#define BIGFS_CORE_INDEX_INDEX_PROBE_H

/*
 * Makes the directory, if there is none, writes a few KiB into it, and removes them. Returns 0, or
 * why no index can be kept there: -EPERM if other users could put files there, or a write error. If
 * the process is killed meanwhile, nothing is left on most file systems, else a small file, which a
 * sweep removes a day later. Blocks as the file system does. Thread-safe.
 */
int index_probe(const char *path);

#endif

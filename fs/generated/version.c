/* SPDX-License-Identifier: MIT */
#include "fs/generated/version.h"

static void write_version(FILE *out, struct driver *driver, bool named)
{
    (void)driver;
    (void)named;
    fprintf(out, "bigfs %s\n", BIGFS_VERSION);
}

const struct generated_type version_report = {
    .name = "version", .help = "the version that serves the mount", .write = write_version};

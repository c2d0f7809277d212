/* SPDX-License-Identifier: MIT */
/*
 * Where a log goes. Each sink writes one whole line at once, with the prefix that belongs there:
 *
 *     standard error      bigfs[PID] MOUNTPOINT: LINE
 *     … to the journal    <LEVEL>bigfs[PID] MOUNTPOINT: LINE
 *     syslog(3)           bigfs[PID]: MOUNTPOINT: LINE      without a line break; ident and pid are
 *                                                           syslog's own
 *
 * Before the mountpoint is known it is left out, and standard error has "bigfs: LINE".
 */
#ifndef BIGFS_FS_SERVE_LOG_SINK_H
#define BIGFS_FS_SERVE_LOG_SINK_H

#include <fuse_log.h>

/*
 * Writes one printable line, without its end, of a level. `mountpoint` may be NULL. Blocks as long
 * as what it writes to does. Thread-safe.
 */
typedef void log_sink(const char *mountpoint, enum fuse_log_level level, const char *line);

log_sink log_to_stderr;
log_sink log_to_journal;
log_sink log_to_syslog;

/*
 * The sink for a process that stays in the foreground: log_to_journal() if standard error is the
 * stream that JOURNAL_STREAM names, as systemd(1) sets it, else log_to_stderr().
 */
log_sink *log_sink_of_stderr(void);

#endif

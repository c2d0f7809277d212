/* SPDX-License-Identifier: MIT */
#include "fs/command/help.h"

#include <stdio.h>

#include <fuse_lowlevel.h>
#include <linux/fuse.h>

#include "core/codec/codec.h"
#include "core/content/contents.h"
#include "core/format/byte_count.h"
#include "core/format/csv_run.h"

static const char summary[] = /* in 24 lines of 80 columns */
    "usage: bigfs [OPTIONS] SOURCE MOUNTPOINT   mount SOURCE, a directory or a file\n"
    "       bigfs --unmount MOUNTPOINT          end that mount\n"
    "       bigfs --list [--json] FILE VIEW     tell where the pieces of a view lie\n"
    "       bigfs --index FILE...               count the lines ahead of time\n"
    "       bigfs --help=all | --version        more is in the manual: man bigfs\n"
    "\n"
    "At MOUNTPOINT every large file is a directory of its pieces:\n"
    "    bytes/  lines/  rows/    of one size, of whole lines, of equally many lines\n"
    "    extents/  whole.EXT      the data of a file with holes; the whole file\n"
    "    sorted/FROM..TO          the lines of a sorted file from FROM on, below TO\n"
    "    lines@n16/  rows@5000/   16 pieces; of 5000 lines; likewise bytes@1M/\n"
    "    plain/                   the views of what a gzip, zstd or xz file holds\n"
    "\n"
    "    --chunk-size SIZE        size of the pieces in bytes/ and lines/ (64M)\n"
    "    --min-size SIZE          show smaller files as files (the chunk size)\n"
    "    --header[=H]             begin each piece with the first H lines of the file\n"
    "    --format EXT=FORMAT      cut csv, fastq, fasta or nul records in files *.EXT\n"
    "    -o allow_other           let other users in, as far as they may read SOURCE\n"
    "    -f, --foreground         stay in the foreground\n"
    "\n"
    "    bigfs /data /mnt/chunks\n"
    "    parallel 'grep -c ERROR {}' ::: /mnt/chunks/app.log/lines/*\n"
    "    bigfs --unmount /mnt/chunks\n";

static const char everything[] = /* in 80 columns */
    "usage: bigfs [OPTIONS] SOURCE MOUNTPOINT\n"
    "       bigfs --unmount MOUNTPOINT\n"
    "       bigfs --list [--json] [OPTIONS] FILE VIEW\n"
    "       bigfs --index [OPTIONS] FILE...\n"
    "       bigfs --help | --help=all | --version\n"
    "\n"
    "Mounts SOURCE, a directory or one file, read-only on MOUNTPOINT. There every\n"
    "large file is a directory of its pieces:\n"
    "\n"
    "    bytes/      pieces of the same size\n"
    "    lines/      pieces of whole lines, cut near that size\n"
    "    rows/       pieces of the same number of lines\n"
    "    extents/    the data of a file with holes\n"
    "    sorted/KEY  the lines of a sorted file that begin with KEY; also FROM..TO\n"
    "    whole.EXT   the whole file\n"
    "    plain/      the same, but extents/, of what a gzip, zstd or xz file holds\n"
    "    VIEW.tsv    the table of a view: name, offset, length and data of each piece\n"
    "    pin         one word for the content of the file\n"
    "\n"
    "rows/ and plain/ are listed once that costs no scan, sorted/ and pin never are;\n"
    "their names can always be used. So can these, which say how a file is cut:\n"
    "\n"
    "    bytes@16M  lines@16M       pieces of this size, or near it\n"
    "    bytes@n16  lines@n16       exactly 16 pieces; also rows@n16\n"
    "    rows@5000                  exactly 5000 lines in each piece\n"
    "    lines@n16,header=2         each begins with the first 2 lines of the file\n"
    "    lines@64M,csv              records; also csv=X, csv=tab, fastq, fasta, nul\n"
    "    lines@n8,from=1G,to=2G     the lines that begin in this part; also bytes\n"
    "    lines@n16,pin=WORD         of the content that WORD names, or ESTALE\n"
    "    lines/5                    a piece by its number\n"
    "    bytes/1M+4K  bytes/-4K     a range of bytes; the last bytes\n"
    "    rows/11-20  rows/11+10     lines 11 to 20; ten lines from line 11 on\n"
    "    rows/-10                   the last ten lines\n"
    "    sorted/FROM..TO            the lines from FROM on and below TO\n"
    "\n"
    "In the root of the mount, .bigfs/status and .bigfs/metrics show what it does.\n"
    "\n"
    "The others mount nothing:\n"
    "\n"
    "    --unmount             unmount bigfs from MOUNTPOINT, even if its daemon died\n"
    "    --list                write the table of VIEW, such as lines@n16 or\n"
    "                          plain/rows, as VIEW.tsv of a mount has it\n"
    "    --json                write that table as an array of objects\n"
    "    --index               make the line indexes of files, which rows/ needs, and\n"
    "                          the maps of compressed files, which plain/ needs\n"
    "    -h, --help[=all]      show a summary, or this text\n"
    "    -V, --version         show the version, and those of what it is made with\n"
    "\n"
    "The options, with their defaults in parentheses. One that has no meaning for\n"
    "what bigfs is asked to do is refused:\n"
    "\n"
    "    --chunk-size SIZE     size of the pieces in bytes/ and lines/ (64M)\n"
    "    --rows COUNT          number of lines in each piece of rows/ (1000000)\n"
    "    --min-size SIZE       show smaller files as files; with 0, only empty files\n"
    "                          (the chunk size)\n"
    "    --views LIST          show only these in listings, of bytes, lines, rows,\n"
    "                          extents and whole (all of them)\n"
    "    --header[=H]          begin each piece of lines/, rows/ and sorted/ with the\n"
    "                          first H lines of the file; without H, with the first\n"
    "    --format EXT=FORMAT   cut the records of csv, csv=X, fastq, fasta, nul or a\n"
    "                          NAME below in lines/ and rows/ of files with the\n"
    "                          extension EXT\n"
    "    --record NAME=REGEX   make a format: a record starts at a line that REGEX\n"
    "                          matches from its start, as in lines@64M,NAME\n"
    "    --index-dir DIR|none  keep line indexes and maps in DIR, or only in memory\n"
    "                          ($XDG_CACHE_HOME/bigfs, or else ~/.cache/bigfs)\n"
    "    --index-space SIZE    let all of these take at most this much; the one that\n"
    "                          was not used for longest goes first (1G)\n"
    "    --window-size SIZE    map at most this much of a file in one piece (64M)\n"
    "    --window-total SIZE   map at most this much of all files together (1G)\n"
    "    --decode-memory SIZE  decode compressed files with at most this much (64M)\n"
    "    --cache kernel|none   keep pieces in the kernel's page cache, or nowhere\n"
    "                          (kernel)\n"
    "    --extents HOW         find holes by auto, seek or fiemap; with none, all is\n"
    "                          data (auto)\n"
    "    --threads N           read for N requests at once, 1 to 512; those that need\n"
    "                          the same file system get at most half of the places\n"
    "                          (4 for each processor, but from 8 to 24)\n"
    "    --log-level LEVEL     log error, warning, notice, info or debug, and what is\n"
    "                          more severe (notice)\n"
    "    -f, --foreground      stay in the foreground\n"
    "    -d, --debug           show every request; implies -f\n"
    "    -o OPT[,OPT...]       mount options, and the options above with underscores:\n"
    "                          -o allow_other,chunk_size=16M\n"
    "\n"
    "SIZE is a number, which K, M, G or T multiplies by a power of 1024.\n"
    "COUNT is a number, which K, M or G multiplies by a power of 1000.\n"
    "\n"
    "The exit status is 0 if all went well, 1 if something cannot be done, and 2 if\n"
    "the command line is wrong. A line on standard error says what, and what to do.\n";

void help_print(bool all)
{
    (void)fputs(all ? everything : summary, stdout);
}

/* libfuse as it is now, and as it was when bigfs was compiled if that was another. */
static void print_libfuse(void)
{
    printf("libfuse: %s", fuse_pkgversion());
    if (fuse_version() != FUSE_VERSION)
        printf(" (compiled for %d.%d)", FUSE_MAJOR_VERSION, FUSE_MINOR_VERSION);
    printf("\n");
}

void help_print_version(void)
{
    printf("bigfs %s\n", BIGFS_VERSION);
    print_libfuse();
    printf("kernel protocol: %d.%d (compiled; each mount agrees with its kernel)\n",
           FUSE_KERNEL_VERSION, FUSE_KERNEL_MINOR_VERSION);
    printf("vector path: %s for lines, %s for csv\n", byte_count_path(), csv_path());
    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++)
        if ((*type)->codec != NULL)
            printf("%s: %s\n", (*type)->codec->name, (*type)->codec->library);
}

/* SPDX-License-Identifier: MIT */
#include "fs/command/help.h"

#include <stdio.h>

#include "core/codec/codec.h"
#include "core/content/contents.h"

static const char text[] = /* in 80 columns */
    "usage: bigfs [OPTIONS] SOURCE MOUNTPOINT\n"
    "       bigfs --index [--index-dir DIR] [--index-space SIZE] FILE...\n"
    "       bigfs --list [--json] [OPTIONS] FILE VIEW\n"
    "       bigfs --unmount MOUNTPOINT\n"
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
    "\n"
    "To unmount it: fusermount3 -u MOUNTPOINT\n"
    "\n"
    "With --index it mounts nothing. Ahead of time, it makes the line indexes of the\n"
    "files, which rows/ needs, and the maps of compressed files, which plain/ needs.\n"
    "\n"
    "With --list it mounts nothing. It writes the table of a view, such as lines@n16\n"
    "or plain/rows@5000, as VIEW.tsv of a mount has it; with --json as JSON.\n"
    "\n"
    "The options, with their defaults in parentheses:\n"
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
    "    -f, --foreground      stay in the foreground\n"
    "    -d, --debug           show every request; implies -f\n"
    "    -o OPT[,OPT...]       mount options, and the options above with underscores:\n"
    "                          -o allow_other,chunk_size=16M\n"
    "    -h, --help            show this text\n"
    "    -V, --version         show the version, and which compressed files it reads\n"
    "\n"
    "SIZE is a number, which K, M, G or T multiplies by a power of 1024.\n"
    "COUNT is a number, which K, M or G multiplies by a power of 1000.\n";

void help_print(void)
{
    (void)fputs(text, stdout);
}

void help_print_version(void)
{
    printf("bigfs %s\n", BIGFS_VERSION);
    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++)
        printf("%s: %s\n", (*type)->codec->name, (*type)->codec->library);
}

/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"

/*
 * 32 KiB compress to less than this, unless blocks are empty or codes are long on purpose. Then all
 * of the window counts as used.
 */
enum { PROBE_INPUT = 40 * 1024 };

enum probe_pass { LOW_CODES, HIGH_CODES, PASSES };

struct gzip_probe {
    struct inflate_run run;
    size_t input_length;
    uint8_t input[PROBE_INPUT];
    uint8_t codes[INFLATE_WINDOW];
    uint8_t out[PASSES][INFLATE_WINDOW];
    bool used[INFLATE_WINDOW];
};

struct gzip_probe *gzip_probe_new(void)
{
    struct gzip_probe *probe = malloc(sizeof(*probe));

    if (probe != NULL && inflate_run_open(&probe->run) != 0) {
        free(probe);
        return NULL;
    }
    return probe;
}

void gzip_probe_free(struct gzip_probe *probe)
{
    if (probe != NULL)
        inflate_run_close(&probe->run);
    free(probe);
}

/* Two codes of a position. They differ in their highest bit, as no byte of the file does. */
static void make_codes(struct gzip_probe *probe, enum probe_pass pass, size_t length)
{
    for (size_t i = 0; i < length; i++)
        probe->codes[i] = (uint8_t)(pass == LOW_CODES ? i & 0xff : ((i >> 8) & 0x7f) | (~i & 0x80));
}

/* Returns 0, -EBADMSG if it cannot be decoded that far, -ENOMEM, or a read error. */
static int decode_pass(struct gzip_probe *probe, const struct codec_file *file,
                       const struct gzip_start *start, size_t length, enum probe_pass pass,
                       size_t *got)
{
    struct inflate_run *run = &probe->run;

    make_codes(probe, pass, length);
    int error = gzip_start_run(run, file, start, probe->codes, length);
    if (error != 0)
        return error;
    run->in = probe->input;
    run->left = probe->input_length;
    run->out = probe->out[pass];
    run->room = INFLATE_WINDOW;
    const enum inflate_result result = inflate_run_on(run, false);
    *got = INFLATE_WINDOW - run->room;
    if (result == INFLATE_GOES_ON && run->room > 0)
        return -EBADMSG;
    return gzip_result_error(result);
}

static bool mark_used(struct gzip_probe *probe, size_t got, size_t length)
{
    memset(probe->used, 0, sizeof(probe->used));
    for (size_t i = 0; i < got; i++) {
        const uint8_t low = probe->out[LOW_CODES][i];
        const uint8_t high = probe->out[HIGH_CODES][i];
        const size_t position = low | (size_t)(high & 0x7f) << 8;
        if (low == high)
            continue;
        if (((low ^ high) & 0x80) == 0 || position >= length)
            return false;
        probe->used[position] = true;
    }
    return true;
}

static int decode_passes(struct gzip_probe *probe, const struct codec_file *file,
                         const struct gzip_start *start, size_t length)
{
    size_t got[PASSES] = {0, 0};

    probe->input_length = (size_t)min_u64(PROBE_INPUT, file->size - start->at.file);
    int error = file->read(file->argument, probe->input, probe->input_length, start->at.file);
    for (enum probe_pass pass = LOW_CODES; pass < PASSES && error == 0; pass++)
        error = decode_pass(probe, file, start, length, pass, &got[pass]);
    if (error == 0 && (got[0] != got[1] || !mark_used(probe, got[0], length)))
        return -EBADMSG;
    return error;
}

int gzip_window_keep_used(struct gzip_probe *probe, const struct codec_file *file,
                          const struct gzip_start *start, uint8_t *window, size_t length,
                          size_t *used)
{
    int error = decode_passes(probe, file, start, length);

    *used = length;
    if (error != 0)
        return error == -EBADMSG ? 0 : error;
    *used = 0;
    for (size_t i = 0; i < length; i++) {
        window[i] = probe->used[i] ? window[i] : 0;
        *used += probe->used[i];
    }
    return 0;
}

#endif

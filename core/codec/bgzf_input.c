/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/bgzf_input.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"

int bgzf_input_make(struct bgzf_input *input, size_t ahead)
{
    *input = (struct bgzf_input){.bytes = malloc(BGZF_INPUT_MOST), .ahead = ahead};
    return input->bytes != NULL ? 0 : -ENOMEM;
}

void bgzf_input_free(struct bgzf_input *input)
{
    free(input->bytes);
    input->bytes = NULL;
}

/* Lets the input begin at an offset. What it has from there on stays. */
static void move_input(struct bgzf_input *input, uint64_t offset)
{
    size_t kept = 0;

    if (offset >= input->offset && offset - input->offset < input->length)
        kept = input->length - (size_t)(offset - input->offset);
    memmove(input->bytes, input->bytes + (input->length - kept), kept);
    input->offset = offset;
    input->length = kept;
}

int bgzf_input_need(const struct codec_file *file, struct bgzf_input *input, uint64_t offset,
                    size_t length, const uint8_t **bytes)
{
    assert(length <= BGZF_INPUT_MOST && offset <= file->size && length <= file->size - offset);
    const uint64_t before = saturating_sub(offset, input->offset);
    if (offset < input->offset || before > input->length || length > input->length - before) {
        move_input(input, offset);
        const uint64_t wanted = min_u64(max_u64(length, input->ahead), BGZF_INPUT_MOST);
        const size_t had = input->length;
        const size_t more = (size_t)(min_u64(wanted, file->size - offset) - had);
        const int error =
            more > 0 ? file->read(file->argument, input->bytes + had, more, offset + had) : 0;
        if (error != 0)
            return error;
        input->length = had + more;
    }
    *bytes = input->bytes + (offset - input->offset);
    return 0;
}
#endif

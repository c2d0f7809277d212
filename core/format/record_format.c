/* SPDX-License-Identifier: MIT */
#include "core/format/record_format.h"

void record_format_pass(const struct record_format *format, const uint8_t *bytes, size_t length,
                        struct record_effect *effect)
{
    if (format->pass != NULL) {
        format->pass(format, bytes, length, effect);
        return;
    }
    for (unsigned i = 0; i < format->states; i++)
        effect->ends[i] += format->count_ends(format, bytes, length, &effect->to[i]);
}

void record_format_pass_zeros(const struct record_format *format, uint64_t length,
                              struct record_effect *effect)
{
    if (length == 0)
        return;
    for (unsigned i = 0; i < format->states; i++) {
        effect->to[i] = format->after_zeros[effect->to[i]];
        effect->ends[i] += format->zeros_end ? length : 0;
    }
}

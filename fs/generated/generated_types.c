/* SPDX-License-Identifier: MIT */
#include "fs/generated/generated_types.h"

#include "fs/generated/checksums.h"
#include "fs/generated/help.h"
#include "fs/generated/metrics.h"
#include "fs/generated/pin.h"
#include "fs/generated/references.h"
#include "fs/generated/status.h"
#include "fs/generated/tsv.h"
#include "fs/generated/version.h"

const struct generated_type *const generated_types[] = {
    &help_report,     &status_report, &metrics_report,
    &version_report,  &tsv_text,      &checksums_text,
    &references_text, &pin_text,      NULL,
};

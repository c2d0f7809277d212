/* SPDX-License-Identifier: MIT */
#include "fs/command/option_texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/shell_word.h"
#include "fs/command/option_rules.h"

/* The option as the command takes it, from its value. The caller frees it. NULL: no memory. */
static char *option_text_new(const struct option_rule *rule, const char *value)
{
    const char letter[] = {rule->letter, '\0'};
    const char *between = rule->argument == ARGUMENT_NONE       ? ""
                          : rule->argument == ARGUMENT_OPTIONAL ? "="
                                                                : " ";
    AUTO_FREE char *word = value[0] != '\0' ? shell_word(value) : strdup("");
    char *text = NULL;

    if (word == NULL || asprintf(&text, "%s%s%s%s", rule->name != NULL ? "--" : "-",
                                 rule->name != NULL ? rule->name : letter, between, word) < 0)
        return NULL;
    return text;
}

/* Adds the value of this number of an option. Returns 0, -ENOENT if there is none, or -ENOMEM. */
static int tell_one_value(struct options *options, const struct option_rule *rule, size_t number)
{
    AUTO_FREE char *value = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&value, &length);

    if (out == NULL)
        return -ENOMEM;
    enum option_told told = rule->tell(options, number, out);
    if (fclose(out) != 0)
        return -ENOMEM;
    if (told == TOLD_NOTHING)
        return -ENOENT;
    return options_in_force_add(&options->settings.in_force, option_text_new(rule, value),
                                told == TOLD_TO_OWNER);
}

int option_texts_make(struct options *options)
{
    int error = 0;

    for (size_t i = 0; i < OPTION_RULES && error != -ENOMEM; i++) {
        error = option_rules[i].tell != NULL ? 0 : -ENOENT;
        for (size_t number = 0; error == 0; number++)
            error = tell_one_value(options, &option_rules[i], number);
    }
    return error == -ENOMEM ? error : 0;
}

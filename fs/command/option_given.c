/* SPDX-License-Identifier: MIT */
#include "fs/command/option_given.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "fs/command/complaint.h"
#include "fs/command/modes.h"

/* Checks that there is a value if one is required, and none if it is not allowed. */
static int check_value(const struct option_given *given)
{
    const char *dashes = given->dashes;
    const char *name = given->name;

    if (option_needs_value(given->rule) && given->value == NULL)
        return complain(EXIT_USAGE, "%s%s needs a value: give %s", dashes, name,
                        given->rule->wanted);
    if (given->rule->argument == ARGUMENT_NONE && given->value != NULL)
        return complain(EXIT_USAGE, "%s%s takes no value: leave out =%s", dashes, name,
                        given->value);
    return 0;
}

/* The mode that an option without a meaning in a mount belongs to. */
static const char *mode_of(const struct option_rule *rule)
{
    enum mode_number mode = 0;
    while (mode < MODES - 1 && !option_has_meaning(rule, mode))
        mode++;
    return modes[mode].option;
}

/* Remembers for each mode the first option that has no meaning in it. */
static int note_meaningless(struct options *options, const struct option_given *given)
{
    const int length = (int)strcspn(given->name, "=");

    for (enum mode_number mode = 0; mode < MODES; mode++) {
        char **message = &options->meaningless[mode];
        const char *own = modes[mode].option;
        if (*message != NULL || option_has_meaning(given->rule, mode))
            continue;
        if (asprintf(message, "%s%.*s has no meaning with%s --%s: leave it out", given->dashes,
                     length, given->name, own == NULL ? "out" : "",
                     own == NULL ? mode_of(given->rule) : own) < 0) {
            *message = NULL;
            return complain_of_memory();
        }
    }
    return 0;
}

static int set_value(struct options *options, const struct option_given *given)
{
    int error = given->rule->set(options, given->value);
    if (error == -ENOMEM)
        return complain_of_memory();
    if (error > 0)
        return error;
    if (error != 0)
        return complain(EXIT_USAGE, "%s%s=%s: give %s", given->dashes, given->name, given->value,
                        given->rule->wanted);
    return note_meaningless(options, given);
}

/* Splits off the next word of a list, in place. A character after a backslash is ordinary. */
static char *next_word(char **rest)
{
    char *word = *rest;
    char *to = word;
    char *from = word;

    while (*from != '\0' && *from != ',') {
        if (*from == '\\' && from[1] != '\0')
            from++;
        *to++ = *from++;
    }
    *rest = *from == ',' ? from + 1 : NULL;
    *to = '\0';
    return word;
}

/* Whether a word of a list is this name; it may have underscores for dashes. */
static bool means(const char *word, const char *name)
{
    while (*word != '\0' && (*word == *name || (*word == '_' && *name == '-'))) {
        word++;
        name++;
    }
    return *word == '\0' && *name == '\0';
}

static const struct option_rule *rule_in_lists(const char *word)
{
    for (size_t i = 0; i < OPTION_RULES; i++)
        if (option_rules[i].in_lists && means(word, option_rules[i].name))
            return &option_rules[i];
    return NULL;
}

static int take_list_word(struct options *options, const struct option_rule *list, const char *word)
{
    AUTO_FREE char *name = strdup(word);
    if (name == NULL)
        return complain_of_memory();
    char *value = strchr(name, '=');
    if (value != NULL)
        *value++ = '\0';
    struct option_given given = {rule_in_lists(name), "-o ", name, value};
    if (given.rule == NULL)
        given = (struct option_given){list, "-o ", word, word};
    int status = check_value(&given);
    return status != 0 ? status : set_value(options, &given);
}

static int take_list(struct options *options, const struct option_given *given)
{
    AUTO_FREE char *words = strdup(given->value);
    int status = words != NULL ? 0 : complain_of_memory();
    for (char *rest = words; rest != NULL && status == 0;) {
        const char *word = next_word(&rest);
        if (word[0] != '\0')
            status = take_list_word(options, given->rule, word);
    }
    return status;
}

int option_take(struct options *options, const struct option_given *given)
{
    int status = check_value(given);
    if (status != 0)
        return status;
    return given->rule->argument == ARGUMENT_LIST ? take_list(options, given)
                                                  : set_value(options, given);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: words of the form name=value. */
#ifndef PROBE_COMMAND_H
#define PROBE_COMMAND_H

#include "types.h"

/* Keeps a copy of the loader's line. */
void command_init(const char *line);

/* The value of a word, or what stands for it when it is not there. */
const char *command_word(const char *name, const char *otherwise);
u64 command_number(const char *name, u64 otherwise);

bool same(const char *a, const char *b);

/*
 * Whether the word is one of a list's, which has commas between them; what
 * follows a colon there goes to @n.
 */
bool listed(const char *word, const char *list, u64 *n);

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"

#define MAX_LINE	512

/* The words, each ended by a zero, and an empty one behind the last. */
static char words[MAX_LINE + 2];

void command_init(const char *line)
{
	size_t length = 0;

	for (; *line && length < MAX_LINE; line++) {
		if (*line != ' ')
			words[length++] = *line;
		else if (length && words[length - 1])
			words[length++] = 0;
	}
}

bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* All of it has to be a number. */
static bool number(const char *digits, const char *end, u64 *value)
{
	*value = 0;
	if (digits == end)
		return false;
	for (; digits != end && *digits >= '0' && *digits <= '9'; digits++)
		*value = *value * 10 + *digits - '0';
	return digits == end;
}

static const char *end_of(const char *text, char mark)
{
	while (*text && *text != mark)
		text++;
	return text;
}

bool listed(const char *word, const char *list, u64 *n)
{
	while (*list) {
		const char *end = end_of(list, ',');
		const char *w = word;

		while (*w && *w == *list) {
			w++;
			list++;
		}
		if (!*w && (list == end || *list == ':'))
			return list == end || number(list + 1, end, n);
		list = *end ? end + 1 : end;
	}
	return false;
}

/* What follows "name=", if word starts so. */
static const char *value_of(const char *word, const char *name)
{
	while (*name) {
		if (*word++ != *name++)
			return NULL;
	}
	return *word == '=' ? word + 1 : NULL;
}

const char *command_word(const char *name, const char *otherwise)
{
	const char *word = words;

	while (*word) {
		const char *value = value_of(word, name);

		if (value)
			return value;
		while (*word++)
			;
	}
	return otherwise;
}

u64 command_number(const char *name, u64 otherwise)
{
	const char *digits = command_word(name, NULL);
	u64 value;

	if (!digits || !number(digits, end_of(digits, 0), &value))
		return otherwise;
	return value;
}

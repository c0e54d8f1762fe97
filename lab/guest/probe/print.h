/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROBE_PRINT_H
#define PROBE_PRINT_H

#include "types.h"

void serial_init(void);
void serial_write(char c);

/* Knows %s, %d (of what is not negative), %lu and %lx. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include "print.h"

#include <stdarg.h>

static void print_string(const char *s)
{
	while (*s)
		serial_write(*s++);
}

static void print_number(u64 value, unsigned int base)
{
	char digits[21];
	char *p = digits + sizeof(digits);

	*--p = 0;
	do {
		*--p = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	print_string(p);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			serial_write(*format);
			continue;
		}
		if (*++format == 'l')
			format++;
		switch (*format) {
		case 's':
			print_string(va_arg(args, const char *));
			break;
		case 'd':
			print_number(va_arg(args, int), 10);
			break;
		case 'u':
			print_number(va_arg(args, u64), 10);
			break;
		case 'x':
			print_number(va_arg(args, u64), 16);
			break;
		}
	}
	va_end(args);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The first serial port, polled. */
#include "print.h"

#include "x86.h"

#define PORT		0x3f8
#define DATA		(PORT + 0)	/* and the divisor's low byte */
#define INTERRUPTS	(PORT + 1)	/* and its high byte */
#define FIFO		(PORT + 2)
#define LINE		(PORT + 3)
#define LINE_DIVISOR	0x80
#define LINE_8N1	0x03
#define STATUS		(PORT + 5)
#define STATUS_EMPTY	0x20

void serial_init(void)
{
	outb(INTERRUPTS, 0);
	outb(LINE, LINE_DIVISOR);
	outb(DATA, 1);	/* 115200 */
	outb(INTERRUPTS, 0);
	outb(LINE, LINE_8N1);
	outb(FIFO, 1);
}

static void put(char c)
{
	while (!(inb(STATUS) & STATUS_EMPTY))
		;
	outb(DATA, c);
}

void serial_write(char c)
{
	if (c == '\n')
		put('\r');
	put(c);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * %pA, Rust's formatted arguments, have a layout of their rustc's. So they are
 * printed by the library that was compiled with them, ours, and never by the
 * kernel's. The linker turns what the module calls into what is here.
 */
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/sprintf.h>
#include <linux/stdarg.h>
#include <linux/string.h>

int __real__printk(const char *fmt, ...);
int __wrap__printk(const char *fmt, ...);
void __wrap_seq_printf(struct seq_file *m, const char *fmt, ...);

/* The formats of rust/kernel/print.rs, behind SOH and the level. */
#define RUST_LINE "%s: %pA"
#define RUST_CONT "%pA"

static bool is_rust(const char *fmt, const char *what)
{
	return fmt[0] == KERN_SOH_ASCII && fmt[1] && !strcmp(fmt + 2, what);
}

int __wrap__printk(const char *fmt, ...)
{
	/* Longer than any line of ours. */
	char text[512], *end = text + sizeof(text) - 1;
	const char *name;
	va_list args;
	int ret;

	va_start(args, fmt);
	if (is_rust(fmt, RUST_LINE)) {
		name = va_arg(args, const char *);
		*min(rust_fmt_argument(text, end, va_arg(args, void *)), end) = 0;
		ret = __real__printk("%.2s%s: %s", fmt, name, text);
	} else if (is_rust(fmt, RUST_CONT)) {
		*min(rust_fmt_argument(text, end, va_arg(args, void *)), end) = 0;
		ret = __real__printk("%.2s%s", fmt, text);
	} else {
		ret = vprintk(fmt, args);
	}
	va_end(args);
	return ret;
}

void __wrap_seq_printf(struct seq_file *m, const char *fmt, ...)
{
	char *buf, *pos;
	size_t size;
	va_list args;

	va_start(args, fmt);
	if (!strcmp(fmt, RUST_CONT)) {
		size = seq_get_buf(m, &buf);
		pos = rust_fmt_argument(buf, buf + size, va_arg(args, void *));
		/* Too much: seq_file asks again, with a larger buffer. */
		seq_commit(m, pos < buf + size ? pos - buf : -1);
	} else {
		seq_vprintf(m, fmt, args);
	}
	va_end(args);
}

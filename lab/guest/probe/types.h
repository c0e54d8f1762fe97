/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROBE_TYPES_H
#define PROBE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(n)			(1UL << (n))
#define PAGE_SIZE		4096UL
#define MIB			BIT(20)
#define __always_inline		inline __attribute__((always_inline))
#define __aligned(n)		__attribute__((aligned(n)))
#define __noinline		__attribute__((noinline))
#define __noreturn		__attribute__((noreturn))
#define __packed		__attribute__((packed))

#endif

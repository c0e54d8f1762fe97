// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's C functions for Rust, all of them: the linker takes those that
 * are used.
 */
#include "helpers/helpers.c"

// SPDX-License-Identifier: GPL-2.0

//! The basic exit reasons (SDM Vol. 3, Appendix C).

// SPDX-License-Identifier: GPL-2.0

//! A vCPU's clock: against a naive model, in every odd case, and read while it is written.

mod model;
mod odd;
mod torn;

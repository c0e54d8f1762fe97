// SPDX-License-Identifier: GPL-2.0

//! A page in headless Chromium, by its own protocol (<https://chromedevtools.github.io/devtools-protocol/>)
//! over a pipe. What is used of it are a dozen commands that have been the same for years. The crates
//! that wrap all of it are two hundred with what they need, and generated from its newest version,
//! which they fetch when they are compiled.

mod chromium;
mod page;
mod pipe;

pub use chromium::Chromium;
pub use page::{Complaint, Page, Scheme};

// SPDX-License-Identifier: GPL-2.0

//! `picture`: what a page, or a program in a terminal, looks like. For the README.

mod screen;
mod terminal;

use anyhow::{Context, Result};
use browser::{Chromium, Scheme};
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use terminal::Size;

/// Make a PNG of what is on a page, or in a terminal.
#[derive(Parser)]
#[command(name = "picture", version)]
struct Cli {
    /// The picture.
    #[arg(short, long)]
    output: PathBuf,

    #[command(subcommand)]
    of: Of,
}

#[derive(Subcommand)]
enum Of {
    /// The upper part of a page.
    Page {
        /// The page.
        page: PathBuf,

        /// So wide a window, in pixels.
        #[arg(long, default_value_t = 1_000)]
        width: u32,

        /// Up to the end of what has this id.
        #[arg(long, value_name = "ID")]
        to: String,
    },
    /// The screen of a program.
    Terminal {
        /// Columns and rows.
        #[arg(long, default_value = "100x28")]
        size: Size,

        /// What is typed, a key after the other.
        #[arg(long, default_value = "")]
        keys: String,

        /// Until this is on the screen.
        #[arg(long)]
        until: String,

        /// The program.
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<OsString>,
    },
}

/// Pixels below.
const MARGIN: u32 = 24;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("picture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.of {
        Of::Page { page, width, to } => take(page, *width, Some(to), &cli.output),
        Of::Terminal {
            size,
            keys,
            until,
            command,
        } => {
            let screen = terminal::screen(command, *size, keys, until)?;
            let directory = tempfile::tempdir()?;
            let page = directory.path().join("screen.html");
            fs::write(&page, screen::page(&screen)).context("cannot write the screen")?;
            // As wide as the page itself says.
            let width = screen::width(*size);
            take(&page, width, None, &cli.output)
        }
    }
}

/// `page` from its top on, down to the end of `last`, or of all.
fn take(page: &Path, width: u32, last: Option<&str>, to: &Path) -> Result<()> {
    let mut browser = Chromium::start()?;
    let mut shown = browser.page()?;
    // Lower than any page: a window is never shorter than its picture.
    shown.resize(width, 1)?;
    shown.prefer(Scheme::Light)?;
    shown.open(page)?;
    let height = match last {
        None => None,
        Some(id) => {
            let quoted = serde_json::to_string(id)?;
            let end = format!("document.getElementById({quoted})?.getBoundingClientRect().bottom");
            let end = shown.evaluate(&end)?.as_f64();
            let end = end.with_context(|| format!("the page has no {id}"))?;
            Some(end.ceil() as u32 + MARGIN)
        }
    };
    shown.picture(to, height)
}

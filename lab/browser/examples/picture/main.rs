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

        /// So much of the page.
        #[arg(long, default_value_t = 1_000)]
        height: u32,

        /// Begin with what has this id.
        #[arg(long)]
        from: Option<String>,
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
        Of::Page {
            page,
            width,
            height,
            from,
        } => take(page, *width, Some(*height), from.as_deref(), &cli.output),
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
            take(&page, width, None, None, &cli.output)
        }
    }
}

fn take(page: &Path, width: u32, height: Option<u32>, from: Option<&str>, to: &Path) -> Result<()> {
    let mut browser = Chromium::start()?;
    let mut shown = browser.page()?;
    shown.resize(width, 800)?;
    shown.prefer(Scheme::Light)?;
    shown.open(page)?;
    let top = match from {
        None => 0.0,
        Some(id) => {
            let id = serde_json::to_string(id)?;
            let top =
                format!("document.getElementById({id}).getBoundingClientRect().top + scrollY");
            shown.evaluate(&top)?.as_f64().context("it is nowhere")?
        }
    };
    shown.picture(to, top, height)
}

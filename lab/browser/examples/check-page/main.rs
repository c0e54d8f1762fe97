// SPDX-License-Identifier: GPL-2.0

//! `check-page`: whether a page that kvm-exits wrote is what it should be, in a browser.

mod broken;
mod checks;
mod runs;

use anyhow::{Context, Result};
use browser::{Chromium, Scheme};
use checks::{Checks, Finding};
use clap::Parser;
use runs::Runs;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look at a page of kvm-exits in headless Chromium: that it asks for nothing and complains of
/// nothing, with a network and without; that bars are as long as their figures say, and those the
/// snapshots'; that its tables can be sorted, and its reasons chosen; that nothing is too wide or too
/// small on a telephone.
///
/// Exit code: 0 all is well, 1 something is not.
#[derive(Parser)]
#[command(name = "check-page", version)]
struct Cli {
    /// The page.
    page: PathBuf,

    /// Keep pictures of it here: 360 and 1440 wide, light and dark, and as it is printed.
    #[arg(long, value_name = "DIRECTORY")]
    pictures: Option<PathBuf>,

    /// Snapshots (JSON) that it is of, in order; before them what the ids of their section begin
    /// with, if with anything.
    #[arg(long = "of", value_name = "[PREFIX=]FILE,...")]
    runs: Vec<Runs>,

    /// Break the page in one way after the other instead, and see that each is found.
    #[arg(long)]
    broken: bool,
}

/// A telephone's width, and a desk's.
const WIDTHS: [u32; 2] = [360, 1440];
/// Of both.
const HEIGHT: u32 = 900;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let findings = if cli.broken {
        broken::check(&cli.page, &cli.runs)
    } else {
        check(&cli)
    };
    match findings {
        Ok(findings) => report(&findings),
        Err(error) => {
            eprintln!("check-page: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// As a reader would see it, in each way there is.
fn check(cli: &Cli) -> Result<Vec<Finding>> {
    if let Some(directory) = &cli.pictures {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let mut browser = Chromium::start()?;
    let mut findings = Vec::new();
    for width in WIDTHS {
        for (scheme, name) in Scheme::ALL {
            let mut page = browser.page()?;
            page.resize(width, HEIGHT)?;
            page.prefer(scheme)?;
            let mut checks = Checks::new(&mut page, &cli.page, &cli.runs)?;
            let way = format!("{width} {name}");
            let picture = format!("{width}-{name}.png");
            // Before anything in it is clicked.
            checks.picture(cli.pictures.as_deref(), &picture)?;
            findings.extend(checks.all(&way)?);
        }
    }
    let mut page = browser.page()?;
    page.take_network()?;
    page.resize(WIDTHS[1], HEIGHT)?;
    let mut checks = Checks::new(&mut page, &cli.page, &cli.runs)?;
    if let Some(directory) = &cli.pictures {
        checks.print(&directory.join("printed.pdf"))?;
    }
    findings.extend(checks.all("without a network")?);
    Ok(findings)
}

fn report(findings: &[Finding]) -> ExitCode {
    let mut failed = 0;
    for finding in findings {
        if finding.problems.is_empty() {
            println!("ok    {}: {} looked at", finding.what, finding.seen);
            continue;
        }
        failed += 1;
        eprintln!("FAIL  {}", finding.what);
        // The first ones will do.
        for problem in finding.problems.iter().take(5) {
            eprintln!("      {problem}");
        }
    }
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("check-page: {failed} of {} checks failed", findings.len());
    ExitCode::FAILURE
}

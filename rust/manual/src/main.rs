// SPDX-License-Identifier: GPL-2.0-only

//! Writes what is installed beside kvm-exits: man pages, and completions for bash, zsh and fish.
//! Both are made of the definition of its command line, and of its notes (`kvm_exits::manual`).

mod page;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory, Parser};
use clap_complete::{generate_to, Shell};
use kvm_exits::cli::Cli;
use kvm_exits::program::NAME;
use kvm_exits::{files, program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write the man pages and the completions of kvm-exits.
#[derive(Parser)]
struct Args {
    /// The date to print on the man pages, as in 2026-11-22.
    #[arg(long)]
    date: String,

    /// Where to: into man/ and completions/ of this directory.
    out: PathBuf,
}

fn main() -> ExitCode {
    program::exit_code("kvm-exits-manual", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let dir = made(&args.out, "man")?;
    let cli = definition();
    for command in page::commands(&cli) {
        let text = page::text(command, &cli, &args.date)?;
        files::write(dir.join(page::file(command)), text)?;
    }
    let dir = made(&args.out, "completions")?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut Cli::command(), NAME, &dir)
            .with_context(|| format!("cannot write the completions for {shell}"))?;
    }
    Ok(())
}

/// A directory without what an earlier version has left there: commands go, too.
fn made(out: &Path, name: &str) -> Result<PathBuf> {
    let dir = out.join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// The command line. `help COMMAND` has no page: it prints that of the command.
fn definition() -> Command {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    cli
}

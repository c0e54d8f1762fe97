// SPDX-License-Identifier: GPL-2.0

//! The command line: what is parsed, and what the help, the man pages and the completions are made of.

use crate::cmd;
use crate::manual;
use crate::program::{self, NAME};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

/// Reads, compares and reports KVM VM exits.
///
/// KVM leaves the guest on every VM exit. The module kvm_exit_stats.ko counts and times them all, per
/// reason and per VM; this reads it, on the host or inside a guest, and sets side by side what was
/// kept of it.
#[derive(Debug, Parser)]
#[command(name = NAME, version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(cmd::show::Args),
    Vms(cmd::vms::Args),
    Time(cmd::time::Args),
    Top(cmd::top::Args),
    Record(cmd::record::Args),
    Stat(cmd::stat::Args),
    Guest(cmd::guest::Args),
    Compare(cmd::compare::Args),
    Explain(cmd::explain::Args),
    Export(cmd::export::Args),
    Caps(cmd::caps::Args),
    Check(cmd::check::Args),
    Reset(cmd::reset::Args),
    Dump(cmd::dump::Args),
}

impl Cli {
    /// What the program was called with. Ends it where that is wrong, or asks for help.
    pub fn from_args() -> Self {
        let matches = manual::with_help(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Does it; returns the exit code.
    pub fn run(&self) -> ExitCode {
        let result = match &self.command {
            Command::Show(args) => cmd::show::run(args),
            Command::Vms(args) => cmd::vms::run(args),
            Command::Time(args) => cmd::time::run(args),
            Command::Top(args) => cmd::top::run(args),
            Command::Record(args) => {
                return program::passed_on(NAME, args.is_alone(), cmd::record::run(args));
            }
            Command::Stat(args) => {
                return program::passed_on(NAME, args.is_alone(), cmd::stat::run(args));
            }
            Command::Guest(args) => {
                return program::passed_on(NAME, args.is_alone(), cmd::guest::run(args));
            }
            Command::Compare(args) => cmd::compare::run(args),
            Command::Explain(args) => cmd::explain::run(args),
            Command::Export(args) => cmd::export::run(args),
            Command::Caps(args) => cmd::caps::run(args),
            Command::Check(args) => cmd::check::run(args),
            Command::Reset(args) => cmd::reset::run(args),
            Command::Dump(args) => cmd::dump::run(args),
        };
        program::exit_code(NAME, result)
    }
}

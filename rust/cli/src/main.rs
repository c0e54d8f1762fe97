// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits`: reads, compares and reports KVM VM exits.

use clap::{Parser, Subcommand};
use kvm_exits::{cmd, program};
use std::process::ExitCode;

/// Reads, compares and reports KVM VM exits.
#[derive(Parser)]
#[command(name = "kvm-exits", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Show(cmd::show::Args),
    Vms(cmd::vms::Args),
    Time(cmd::time::Args),
    Top(cmd::top::Args),
    Record(cmd::record::Args),
    Stat(cmd::stat::Args),
    Guest(cmd::guest::Args),
    Compare(cmd::compare::Args),
    Caps(cmd::caps::Args),
    Check(cmd::check::Args),
    Reset(cmd::reset::Args),
    Dump(cmd::dump::Args),
}

/// What errors begin with.
const NAME: &str = "kvm-exits";

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Show(args) => cmd::show::run(&args),
        Command::Vms(args) => cmd::vms::run(&args),
        Command::Time(args) => cmd::time::run(&args),
        Command::Top(args) => cmd::top::run(&args),
        Command::Record(args) => {
            return program::passed_on(NAME, args.is_alone(), cmd::record::run(&args));
        }
        Command::Stat(args) => {
            return program::passed_on(NAME, args.is_alone(), cmd::stat::run(&args));
        }
        Command::Guest(args) => {
            return program::passed_on(NAME, args.is_alone(), cmd::guest::run(&args));
        }
        Command::Compare(args) => cmd::compare::run(&args),
        Command::Caps(args) => cmd::caps::run(&args),
        Command::Check(args) => cmd::check::run(&args),
        Command::Reset(args) => cmd::reset::run(&args),
        Command::Dump(args) => cmd::dump::run(&args),
    };
    program::exit_code(NAME, result)
}

// SPDX-License-Identifier: GPL-2.0-only

//! Checks that modules fit a kernel; says what does not, and fails if there is any.

use anyhow::{bail, Context, Result};
use clap::{Args, Parser, Subcommand};
use precheck::{
    btf::Kernel,
    compared::{Compared, Rules},
    module::Module,
    symvers::Symvers,
};
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Do these modules fit that kernel? Each difference is a line on stderr.
#[derive(Parser)]
#[command(name = "precheck")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// When they were built: version magic, symbols, and the layouts of types
    Modules(Modules),
    /// Before they are loaded: the layouts once more, with the kernel that runs
    Layouts(Layouts),
}

#[derive(Args)]
struct Modules {
    /// The kernel's types: /sys/kernel/btf/vmlinux, or a file with a section .BTF
    #[arg(long, value_name = "FILE")]
    btf: PathBuf,
    /// The kernel's version magic, as modinfo has it for a module of its own
    #[arg(long, value_name = "STRING")]
    vermagic: String,
    /// What the kernel exports, and those of its modules that stay loaded
    #[arg(long, value_name = "MODULE.SYMVERS")]
    symvers: PathBuf,
    /// A structure that may have more members than the kernel's, at its end
    #[arg(long, value_name = "STRUCT")]
    extended: Vec<String>,
    /// A structure that bindgen gets wrong, and no Rust in the modules looks into; what C takes it
    /// for is compared all the same
    #[arg(long, value_name = "STRUCT")]
    opaque_to_rust: Vec<String>,
    /// Where to keep the layouts, for `precheck layouts`
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The modules, not stripped: their DWARF says what layouts they were compiled with
    #[arg(required = true)]
    modules: Vec<PathBuf>,
}

#[derive(Args)]
struct Layouts {
    /// The kernel's types
    #[arg(long, value_name = "FILE", default_value = "/sys/kernel/btf/vmlinux")]
    btf: PathBuf,
    /// What `precheck modules --save` has kept
    saved: PathBuf,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().what {
        What::Modules(arguments) => modules(arguments),
        What::Layouts(arguments) => layouts(&arguments),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("precheck: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn modules(arguments: Modules) -> Result<bool> {
    let kernel = kernel(&arguments.btf)?;
    let symvers = fs::read_to_string(&arguments.symvers)
        .with_context(|| arguments.symvers.display().to_string())?;
    let symvers = Symvers::parse(&symvers)?;
    let files = arguments
        .modules
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>>>()?;
    let modules = arguments
        .modules
        .iter()
        .zip(&files)
        .map(|(path, file)| Module::new(&file_name(path), file))
        .collect::<Result<Vec<_>>>()?;

    let mut wrong = symbols(&modules, &symvers, &arguments.vermagic)?;
    let mut types = Compared::new(Rules {
        extended: arguments.extended,
        opaque_to_rust: arguments.opaque_to_rust,
    });
    for module in &modules {
        types.add(module, &kernel)?;
    }
    if let Some(path) = &arguments.save {
        fs::write(path, serde_json::to_vec(&types)?).with_context(|| path.display().to_string())?;
    }
    wrong.append(&mut types.wrong);
    report(
        &wrong,
        &format!("{} modules: vermagic and symbols fit; ", modules.len()),
        &types,
    )
}

fn layouts(arguments: &Layouts) -> Result<bool> {
    let saved: Compared = serde_json::from_slice(&read(&arguments.saved)?)
        .with_context(|| arguments.saved.display().to_string())?;
    let types = saved.again(&kernel(&arguments.btf)?)?;
    report(&types.wrong, "", &types)
}

/// Says what there is to say; whether all fits.
fn report(wrong: &[String], prefix: &str, types: &Compared) -> Result<bool> {
    for line in wrong {
        eprintln!("{line}");
    }
    if !wrong.is_empty() {
        eprintln!(
            "precheck: {} differences from the kernel: not to be loaded",
            wrong.len()
        );
        return Ok(false);
    }
    match types.summary() {
        Some(summary) => println!("{prefix}{summary}"),
        None => bail!("modules and kernel have no type in common: that cannot be"),
    }
    Ok(true)
}

fn kernel(path: &Path) -> Result<Kernel> {
    Kernel::new(&read(path)?).with_context(|| path.display().to_string())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn symbols(modules: &[Module<'_>], kernel: &Symvers, vermagic: &str) -> Result<Vec<String>> {
    let exports: HashSet<&str> = modules.iter().flat_map(Module::exports).collect();
    let versions = vermagic.split(' ').any(|word| word == "modversions");
    let mut wrong = Vec::new();
    for module in modules {
        let found = module.vermagic(vermagic)?.into_iter();
        let found = found.chain(module.symbols(kernel, &exports, versions)?);
        wrong.extend(found.map(|text| format!("{}: {text}", module.name)));
    }
    Ok(wrong)
}

// SPDX-License-Identifier: GPL-2.0-only

//! Checks that modules fit a kernel; says what does not, and fails if there is any.

use anyhow::{bail, Context, Result};
use clap::Parser;
use precheck::{
    btf::Kernel,
    dwarf,
    layout::{self, Kind, Layout},
    module::Module,
    symvers::Symvers,
};
use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Do these modules fit that kernel? Each difference is a line on stderr.
#[derive(Parser)]
#[command(name = "precheck")]
struct Arguments {
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
    /// The modules, not stripped: their DWARF says what layouts they were compiled with
    #[arg(required = true, value_name = "MODULE")]
    modules: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("precheck: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let kernel =
        Kernel::new(&read(&arguments.btf)?).with_context(|| arguments.btf.display().to_string())?;
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
    let mut types = Compared::default();
    for module in &modules {
        types.compare(module, &kernel, arguments)?;
    }
    wrong.append(&mut types.wrong);
    for line in &wrong {
        eprintln!("{line}");
    }
    if !wrong.is_empty() {
        eprintln!(
            "precheck: {} differences from the kernel: not to be loaded",
            wrong.len()
        );
        return Ok(false);
    }
    if types.structures == 0 {
        bail!("modules and kernel have no type in common: that cannot be");
    }
    println!(
        "{} modules: vermagic and symbols fit; {} structures and unions, {} members, are as in the kernel{}",
        modules.len(),
        types.structures,
        types.members,
        types.extended()
    );
    Ok(true)
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

/// What all modules together have in common with the kernel.
#[derive(Default)]
struct Compared {
    /// Each is most often the same in many files.
    seen: BTreeMap<(Kind, String), Vec<Layout>>,
    structures: usize,
    members: usize,
    extended: Vec<String>,
    wrong: Vec<String>,
}

impl Compared {
    fn compare(
        &mut self,
        module: &Module<'_>,
        kernel: &Kernel,
        arguments: &Arguments,
    ) -> Result<()> {
        let among = |names: &[String], kind, name: &str| {
            kind == Kind::Struct && names.iter().any(|one| one == name)
        };
        dwarf::each(module.elf(), &mut |kind, name, ours| {
            let theirs = kernel.layouts(kind, name)?;
            // Of a type that C only declares bindgen makes one that is empty.
            let declared_only = ours.partial && ours.members.is_empty() && ours.size <= 1;
            let opaque = ours.partial && among(&arguments.opaque_to_rust, kind, name);
            if theirs.is_empty() || declared_only || opaque {
                return Ok(());
            }
            let seen = self.seen.entry((kind, name.to_owned())).or_default();
            if seen.contains(&ours) {
                return Ok(());
            }
            let is_extended = among(&arguments.extended, kind, name);
            for text in layout::differences(&ours, &theirs, is_extended) {
                self.wrong
                    .push(format!("{}: {kind} {name}: {text}", module.name));
            }
            if is_extended && !theirs.contains(&ours) && !ours.partial {
                self.extended.push(name.to_owned());
            }
            self.structures += usize::from(seen.is_empty());
            self.members += ours.members.len();
            seen.push(ours);
            Ok(())
        })
        .with_context(|| module.name.clone())
    }

    fn extended(&self) -> String {
        match self.extended.as_slice() {
            [] => String::new(),
            names => format!(", {} longer at the end", names.join(", ")),
        }
    }
}

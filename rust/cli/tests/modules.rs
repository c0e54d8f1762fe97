// SPDX-License-Identifier: GPL-2.0

//! The modules of the library, by what they use of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of the module that begins with `path`, its submodules' too.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries.flat_map(|entry| files(&entry.path())).collect()
}

/// What `text` says after each `crate::`.
fn used(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    let uses = text.split("crate::").skip(1);
    uses.map(move |rest| rest.chars().take_while(is_word).collect())
}

#[test]
fn no_module_needs_itself() {
    let mut needs = BTreeMap::<String, BTreeSet<String>>::new();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_string();
        for file in files(&path) {
            let text = fs::read_to_string(file).unwrap();
            let others = used(&text).filter(|other| *other != module);
            needs.entry(module.clone()).or_default().extend(others);
        }
    }
    // Those that need none of what is left, again and again.
    while let Some(module) = needs
        .iter()
        .find_map(|(module, needed)| needed.is_empty().then(|| module.clone()))
    {
        needs.remove(&module);
        needs
            .values_mut()
            .for_each(|needed| _ = needed.remove(&module));
    }
    assert_eq!(needs, BTreeMap::new(), "these go round in a circle");
}

// SPDX-License-Identifier: GPL-2.0

//! The snapshots that a page is of.

use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::str::FromStr;

/// Those of one section.
#[derive(Clone, Debug)]
pub struct Runs {
    /// What the ids there begin with.
    pub prefix: String,
    /// In the order of its columns.
    pub snapshots: Vec<Value>,
}

impl FromStr for Runs {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (prefix, files) = text.split_once('=').unwrap_or(("", text));
        let load = |file: &str| -> Result<Value> {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
            serde_json::from_str(&text).with_context(|| file.to_string())
        };
        Ok(Self {
            prefix: prefix.to_string(),
            snapshots: files.split(',').map(load).collect::<Result<_>>()?,
        })
    }
}

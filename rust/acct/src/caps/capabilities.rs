// SPDX-License-Identifier: GPL-2.0

//! What is known of one processor's capabilities.

use core::fmt;

use super::extension::Extension;
use super::msrs::MSRS;
use super::places::{Gpr, Place};
use super::svm;

/// The most places that an extension has.
const PLACES: usize = MSRS.len();
const _: () = assert!(svm::PLACES.len() <= PLACES);

/// What a processor says of its VMX or SVM, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    extension: Extension,
    /// In the order of the extension's places.
    values: [Option<u64>; PLACES],
}

impl Capabilities {
    /// A processor with `extension` of which nothing else is known.
    pub fn new(extension: Extension) -> Self {
        Self {
            extension,
            values: [None; PLACES],
        }
    }

    /// Asks `read` for every value that the processor may have, given those it has already
    /// answered. `read` gives `None` for one that cannot be read.
    pub fn read_with(extension: Extension, mut read: impl FnMut(Place) -> Option<u64>) -> Self {
        let mut caps = Self::new(extension);

        for (i, (place, _)) in extension.places().enumerate() {
            if caps.exists(place) != Some(false) {
                caps.values[i] = read(place);
            }
        }
        caps
    }

    /// What the processor runs virtual machines with.
    pub fn extension(&self) -> Extension {
        self.extension
    }

    fn position(&self, place: Place) -> Option<usize> {
        self.extension.places().position(|(p, _)| p == place)
    }

    /// The value at `place`, if that is known.
    pub fn get(&self, place: Place) -> Option<u64> {
        self.position(place).and_then(|i| self.values[i])
    }

    /// What `msr` holds, if that is known.
    pub fn msr(&self, msr: u32) -> Option<u64> {
        self.get(Place::Msr(msr))
    }

    /// Notes the value at `place`; `false` if the extension has no such place.
    pub fn set(&mut self, place: Place, value: u64) -> bool {
        self.position(place)
            .map(|i| self.values[i] = Some(value))
            .is_some()
    }

    /// The values that are known.
    pub fn iter(&self) -> impl Iterator<Item = (Place, u64)> + '_ {
        self.extension
            .places()
            .zip(&self.values)
            .filter_map(|((place, _), &value)| value.map(|value| (place, value)))
    }

    /// Whether the processor has `place`, as far as the known values tell.
    pub fn exists(&self, place: Place) -> Option<bool> {
        match (self.extension, place) {
            (Extension::Vmx, Place::Msr(msr)) => self.vmx_msr_exists(msr),
            // SVM came with all of its places.
            _ => Some(self.position(place).is_some()),
        }
    }

    /// The places that the processor must have, by what the others say, but that are not known.
    pub fn missing(&self) -> impl Iterator<Item = Place> + '_ {
        self.extension
            .places()
            .map(|(place, _)| place)
            .filter(|&place| self.get(place).is_none() && self.exists(place) == Some(true))
    }

    /// The places in which two processors with the same extension differ, with the value of each.
    pub fn differences<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (Place, Option<u64>, Option<u64>)> + 'a {
        self.extension
            .places()
            .map(|(place, _)| (place, self.get(place), other.get(place)))
            .filter(|(_, ours, theirs)| ours != theirs)
    }

    /// Hands `line` the known values, in the form that `kvm-exits caps --from` reads.
    pub fn dump(&self, line: &mut dyn FnMut(fmt::Arguments<'_>) -> fmt::Result) -> fmt::Result {
        let answer = Gpr::ALL.map(|register| self.get(Place::Cpuid(register)));
        if let [Some(eax), Some(ebx), Some(ecx), Some(edx)] = answer {
            let leaf = svm::LEAF;
            line(format_args!(
                "cpuid {leaf:#x} {eax:#x} {ebx:#x} {ecx:#x} {edx:#x}"
            ))?;
        }
        for (place, value) in self.iter() {
            if let Place::Msr(msr) = place {
                line(format_args!("{msr:#x} {value:#x}"))?;
            }
        }
        Ok(())
    }
}

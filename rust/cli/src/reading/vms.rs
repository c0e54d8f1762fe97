// SPDX-License-Identifier: GPL-2.0

//! Which VM of one reading is which of another.

use super::Reading;
use crate::snapshot::{Snapshot, Vm};
use std::collections::{HashMap, HashSet};

/// Tells VMs apart: the pid, and which of the VMs that this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VmKey {
    /// Pid of the task that created it.
    pub pid: u32,
    /// How many VMs of the same pid come before it.
    pub nth: usize,
}

impl Reading {
    /// Each VM, in the order of the reading.
    pub fn keyed_vms(&self) -> Vec<(VmKey, &Vm, &Snapshot)> {
        let mut seen = HashMap::<u32, usize>::new();
        self.vms
            .iter()
            .filter_map(|snapshot| {
                let vm = snapshot.vm.as_ref()?;
                let count = seen.entry(vm.pid).or_default();
                let nth = *count;
                *count += 1;
                Some((VmKey { pid: vm.pid, nth }, vm, snapshot))
            })
            .collect()
    }

    /// The VMs that this reading has and `other` has not.
    pub fn vms_not_in(&self, other: &Self) -> Vec<&Vm> {
        let there: HashSet<_> = other
            .keyed_vms()
            .into_iter()
            .map(|(key, vm, _)| (key, &vm.name))
            .collect();
        self.keyed_vms()
            .into_iter()
            .filter(|(key, vm, _)| !there.contains(&(*key, &vm.name)))
            .map(|(_, vm, _)| vm)
            .collect()
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The dump to the kernel log. Nothing that a guest does leads here.

use crate::{
    acct::{
        leaves::paging,
        reasons::{Isa, OTHER}, //
    },
    params,
    period::{self, Period}, //
};
use kernel::prelude::*;

/// Logs this period's counts of all VMs: a line on what they are, then a line per reason.
pub(crate) fn to_log(why: &str) {
    if period::with(|period| log(period, why)).is_err() {
        pr_err!("dump ({why}): no memory\n");
    }
}

fn log(period: &Period, why: &str) -> Result {
    let reading = period.reading()?;
    let state = period::paging();
    let on = |bit| if state & bit != 0 { "on" } else { "off" };
    let isa = period::isa();
    let (tdp, asid) = match isa {
        Isa::Vmx => ("EPT", "VPID"),
        Isa::Svm => ("NPT", "ASID"),
    };
    // SVM has no name for it: its guests are never restricted.
    let (unrestricted, is_unrestricted) = match isa {
        Isa::Vmx => (", unrestricted guest ", on(paging::UNRESTRICTED)),
        Isa::Svm => ("", ""),
    };
    let total = reading.total().all();
    pr_info!(
        "dump ({why}): {tdp} {}, {asid} {}{unrestricted}{is_unrestricted}, generation {}, \
         scope {}, total count {} cycles {}\n",
        on(paging::TDP),
        on(paging::VPID),
        period::generation(),
        params::get().map_or("", |params| params.scope.name()),
        total.count,
        total.cycles
    );
    for (reason, values) in reading.rows() {
        let all = values.all();
        let handler = if reason == OTHER || period.is_handled(reason) {
            ""
        } else {
            " (no handler)"
        };
        pr_info!(
            "{reason:>5} {} count {} cycles {} l2_count {} l2_cycles {} l2_reflected {}{handler}\n",
            isa.name(reason).unwrap_or("?"),
            all.count,
            all.cycles,
            values.l2.count,
            values.l2.cycles,
            values.reflected
        );
    }
    Ok(())
}

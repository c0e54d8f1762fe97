// SPDX-License-Identifier: GPL-2.0

//! A vCPU, a reset and a guest that reads at once, in every order that their steps can have.
//!
//! A step is one access that the others can see. The guest asks INFO, a reason, the total, and INFO
//! again; the vCPU has an exit meanwhile; the host resets.

use acct::{
    cell::Counter,
    sequence::{Seen, Sequence},
};

/// Exits of each reason before anything else happens.
const EXITS: u64 = 5;

/// What the module has: the counters of two reasons, what they held when the period began, and
/// that period's generation.
#[derive(Default)]
struct Module {
    sequence: Sequence,
    counters: [Counter; 2],
    baseline: [Counter; 2],
    generation: Counter,
}

impl Module {
    fn new() -> Self {
        let module = Self::default();
        module.counters.iter().for_each(|c| c.set(EXITS));
        module
    }
}

/// A reset, as `rust/module/period.rs` does it.
#[derive(Default)]
struct Reset {
    steps: usize,
    read: u64,
}

impl Reset {
    const STEPS: usize = 7;

    fn step(&mut self, module: &Module) {
        match self.steps {
            0 => module.sequence.begin(),
            1 => self.read = module.counters[0].get(),
            2 => module.baseline[0].set(self.read),
            3 => self.read = module.counters[1].get(),
            4 => module.baseline[1].set(self.read),
            5 => module.generation.add(1),
            _ => module.sequence.end(),
        }
        self.steps += 1;
    }
}

/// What the guest asks for, in this order.
const QUESTIONS: [Question; 4] = [
    Question::Info,
    Question::Reason,
    Question::Total,
    Question::Info,
];

#[derive(Clone, Copy)]
enum Question {
    Info,
    /// The first of the two.
    Reason,
    Total,
}

/// The guest, and the hook that answers it.
#[derive(Default)]
struct Guest {
    /// Whether the hook heeds the sequence.
    careful: bool,
    seen: Option<Seen>,
    loads: usize,
    loaded: [u64; 4],
    answers: usize,
    answer: [u64; QUESTIONS.len()],
}

impl Guest {
    /// One for INFO, which is one load; begin, loads and end for the others.
    const STEPS: usize = 1 + (1 + 2 + 1) + (1 + 4 + 1) + 1;

    fn is_done(&self) -> bool {
        self.answers == QUESTIONS.len()
    }

    fn step(&mut self, module: &Module) {
        let Some(&question) = QUESTIONS.get(self.answers) else {
            return;
        };
        // Stays `None`, and the guest waits, while something is being written.
        let Some(seen) = self.seen.or_else(|| self.begin(module)) else {
            return;
        };
        let loads = match question {
            Question::Info => return self.answer(module.generation.get()),
            Question::Reason => 2,
            Question::Total => 4,
        };
        match self.loads {
            // The step was that to begin.
            0 if self.seen.is_none() => (),
            n if n < loads => self.load(module, n),
            _ if module.sequence.is_still(seen) || !self.careful => {
                let [before, now, before_too, now_too] = self.loaded;
                let exits = now.wrapping_sub(before);
                return self.answer(exits.wrapping_add(now_too.wrapping_sub(before_too)));
            }
            _ => return self.again(),
        }
        self.seen = Some(seen);
    }

    fn begin(&self, module: &Module) -> Option<Seen> {
        let quiet = Sequence::new();
        if self.careful {
            module.sequence.seen()
        } else {
            quiet.seen()
        }
    }

    fn answer(&mut self, value: u64) {
        self.answer[self.answers] = value;
        self.answers += 1;
        self.again();
    }

    fn again(&mut self) {
        (self.seen, self.loads, self.loaded) = (None, 0, [0; 4]);
    }

    /// A baseline, its counter, the other baseline, its counter.
    fn load(&mut self, module: &Module, n: usize) {
        let cells = if n % 2 == 0 {
            &module.baseline
        } else {
            &module.counters
        };
        self.loaded[n] = cells[n / 2].get();
        self.loads += 1;
    }

    /// Whether what it was told is true: each answer of one period, and of INFO's if that is the
    /// same before and after.
    fn is_right(&self) -> bool {
        let about = |exits| exits..=exits + 1;
        let of = |period, reason, total| match period {
            0 => about(EXITS).contains(&reason) && about(2 * EXITS).contains(&total),
            _ => about(0).contains(&reason) && about(0).contains(&total),
        };
        match self.answer {
            [before, reason, total, after] if before == after => of(before, reason, total),
            [_, reason, total, _] => {
                of(0, reason, total)
                    || of(1, reason, total)
                    || of(0, reason, 2 * EXITS) && of(1, 0, total)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Who {
    Vcpu,
    Reset,
    Guest,
}

/// Calls `f` with every order of `left` steps each.
fn orders(left: [usize; 3], order: &mut Vec<Who>, f: &mut impl FnMut(&[Who])) {
    if left == [0; 3] {
        return f(order);
    }
    for (i, who) in [Who::Vcpu, Who::Reset, Who::Guest].into_iter().enumerate() {
        if left[i] > 0 {
            let mut rest = left;
            rest[i] -= 1;
            order.push(who);
            orders(rest, order, f);
            order.pop();
        }
    }
}

/// Runs one order to its end: whether the guest was told what is true.
fn run(order: &[Who], careful: bool) -> bool {
    let (module, mut reset) = (Module::new(), Reset::default());
    let mut guest = Guest {
        careful,
        ..Guest::default()
    };
    for who in order {
        match who {
            Who::Vcpu => module.counters[0].add(1),
            Who::Reset => reset.step(&module),
            Who::Guest => guest.step(&module),
        }
    }
    // It has waited, or had to ask again.
    while !guest.is_done() {
        guest.step(&module);
    }
    guest.is_right()
}

/// How many orders there are, and in how many the guest was told what was never true.
fn wrong(careful: bool) -> (usize, usize) {
    let (mut all, mut wrong) = (0, 0);
    let steps = [1, Reset::STEPS, Guest::STEPS];
    orders(steps, &mut Vec::new(), &mut |order| {
        all += 1;
        wrong += usize::from(!run(order, careful));
    });
    (all, wrong)
}

#[test]
fn in_no_order_is_a_guest_told_what_was_never_true() {
    assert_eq!(wrong(true), (1_007_760, 0));
}

/// The test above can fail: this is what it is there to find.
#[test]
fn without_the_sequence_it_would_be() {
    assert!(wrong(false).1 > 0);
}

// SPDX-License-Identifier: GPL-2.0

//! `/dev/kvm_exit_stats`: a binary snapshot for each `open`, and ioctls for reset and dump.

use crate::{
    acct::{
        encode,
        snapshot::{self, ioctl, Header, Key, Sink}, //
    },
    compat::this_module,
    dump, measures,
    operations::Operations,
    params,
    period::{self, Period},
    tsc, vms,
};
use kernel::{
    alloc::KVVec,
    bindings,
    fs::{File, Kiocb},
    iov::IovIterDest,
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    prelude::*,
    sync::atomic::{Acquire, Atomic, Release},
};

/// Whether the device's operations name their owner yet.
static OWNED: Atomic<bool> = Atomic::new(false);

/// The device.
#[pin_data]
pub(crate) struct Device {
    // Dropped first, so that nobody can open it any more when its operations go.
    #[pin]
    registration: MiscDeviceRegistration<Opened>,
    _operations: KBox<Operations>,
}

impl Device {
    /// Registers the device; its mode leaves it to root.
    pub(crate) fn new() -> Result<Pin<KBox<Self>>> {
        let options = MiscDeviceOptions {
            name: c"kvm_exit_stats",
        };
        let operations = KBox::new(Operations::new(), GFP_KERNEL)?;
        let mut device = KBox::try_pin_init(
            try_pin_init!(Self {
                registration <- MiscDeviceRegistration::register(options),
                _operations: operations,
            }),
            GFP_KERNEL,
        )?;
        device.as_mut().own();
        Ok(device)
    }

    /// Makes an open file hold this module, which `MiscDeviceRegistration` (in 7.2, unlike 7.3) does not see
    /// to: closing a file after `rmmod` would run freed code.
    fn own(self: Pin<&mut Self>) {
        let this = self.project();
        let misc = this.registration.as_raw();
        // SAFETY: The device is registered, so `misc` and its operations are valid; `open` reads
        // the pointer whole, before or after this.
        unsafe {
            this._operations.0 = bindings::file_operations {
                owner: this_module(),
                ..*(*misc).fops
            };
            (*misc).fops = &raw const this._operations.0;
        }
        // Pairs with the Acquire in `open`, which turns away who came before this.
        OWNED.store(true, Release);
    }
}

/// What an open file reads: the snapshot taken when it was opened.
pub(crate) struct Opened(KVVec<u8>);

#[vtable]
impl MiscDevice for Opened {
    type Ptr = KBox<Self>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        if !OWNED.load(Acquire) {
            return Err(EAGAIN);
        }
        let mut bytes = Bytes(KVVec::new());
        period::with(|period| write(&mut bytes, period))?;
        Ok(KBox::new(Self(bytes.0), GFP_KERNEL)?)
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let opened = kiocb.file();
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), &opened.0)
    }

    fn ioctl(_opened: &Self, _file: &File, command: u32, _argument: usize) -> Result<isize> {
        match command {
            ioctl::RESET => period::reset(),
            ioctl::DUMP => dump::to_log("asked for"),
            _ => return Err(ENOTTY),
        }
        Ok(0)
    }
}

struct Bytes(KVVec<u8>);

impl Sink for Bytes {
    type Error = Error;

    fn put(&mut self, bytes: &[u8]) -> Result {
        Ok(self.0.extend_from_slice(bytes, GFP_KERNEL)?)
    }
}

fn write(bytes: &mut Bytes, period: &Period) -> Result {
    snapshot::put_header(
        bytes,
        &Header {
            generation: period::generation(),
            paging: period::paging(),
            scope: params::get().map_or(0, |params| params.scope as u32),
            tsc_khz: tsc::khz(),
            measures: measures::on(),
        },
    )?;
    period.for_each_key(|reason, key, booked| {
        let key = Key {
            reason,
            key,
            booked,
        };
        snapshot::put_key(bytes, &key)
    })?;
    let is_handled = |reason| period.is_handled(reason);
    let buckets = |index| period.buckets(index);
    encode::put_host(
        bytes,
        period::isa(),
        &*period.reading()?,
        buckets,
        is_handled,
    )?;
    let time = measures::on() & snapshot::measures::TIME != 0;
    if time {
        snapshot::put_host_time(bytes, &vms::times())?;
    }
    vms::for_each(|vm, reading| {
        let vcpus = time.then(|| vm.vcpu_times()).into_iter().flatten();
        encode::put_guest(bytes, &vm.header(), vcpus, reading, is_handled)
    })?;
    snapshot::put_end(bytes)
}

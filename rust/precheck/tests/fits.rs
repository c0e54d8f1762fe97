// SPDX-License-Identifier: GPL-2.0-only

//! What `precheck` says of modules and a kernel that a compiler made: the kernel with BTF, the
//! modules with DWARF.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const KERNEL: &str = "
typedef struct { int counter; } atomic_t;
enum mode { OFF, ON };
struct inner { char c; long l; };
struct device {
	int a:3; unsigned int b:5; unsigned long long wide:40;
	union { struct inner in; long raw[4]; const struct { short low, high; }; };
	const struct inner *ptr;
	atomic_t users;
	enum mode mode;
	void (*call)(int type);
	int type;
	char none[0], many[256];
	char tail[];
};
";

/// A structure that nobody but the kernel extends.
const VCPU: &str = "struct vcpu { long first; int last; };";

const MODULE: &str = "
extern struct device *find(void);
void *get(void) { return find(); }
struct device *here;
atomic_t count;
__attribute__((section(\".modinfo\"), used)) static const char magic[] = \"license=GPL\\0vermagic=7.3.4 SMP \";
";

const SYMVERS: &str = "0x000000ff\tfind\tvmlinux\tEXPORT_SYMBOL\t\n";

/// A directory of the test's own, with a kernel in it.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        let place = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(test));
        fs::create_dir_all(&place.0).unwrap();
        place.compile(
            "vmlinux",
            &format!("{KERNEL}{VCPU} struct device d; struct vcpu v;"),
            &["-gbtf"],
        );
        place.symvers(SYMVERS);
        place
    }

    fn symvers(&self, text: &str) {
        fs::write(self.0.join("Module.symvers"), text).unwrap();
    }

    fn compile(&self, name: &str, source: &str, flags: &[&str]) {
        let file = self.0.join(name).with_extension("c");
        fs::write(&file, source).unwrap();
        let object = self.0.join(name);
        self.run(
            Command::new("gcc")
                .arg("-c")
                .args(flags)
                .arg(file)
                .arg("-o")
                .arg(object),
        );
    }

    fn run(&self, command: &mut Command) {
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn check(&self, vermagic: &str, more: &[&str], modules: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_precheck"))
            .current_dir(&self.0)
            .args([
                "modules",
                "--btf",
                "vmlinux",
                "--symvers",
                "Module.symvers",
                "--vermagic",
                vermagic,
            ])
            .args(more)
            .args(modules)
            .output()
            .unwrap()
    }

    fn check_saved(&self, kernel: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_precheck"))
            .current_dir(&self.0)
            .args(["layouts", "--btf", kernel, "layouts.json"])
            .output()
            .unwrap()
    }

    fn fits(&self, more: &[&str], modules: &[&str]) -> String {
        let output = self.check("7.3.4 SMP", more, modules);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is wrong, without the last line, which counts.
    fn refused(&self, vermagic: &str, more: &[&str], modules: &[&str]) -> String {
        let output = self.check(vermagic, more, modules);
        assert!(
            !output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let text = String::from_utf8(output.stderr).unwrap();
        let text = text.trim_end();
        text.rsplit_once('\n')
            .map_or(text, |(wrong, _)| wrong)
            .to_owned()
    }
}

#[test]
fn the_same_source_fits() {
    let place = Place::new("same");
    for version in ["-gdwarf-4", "-gdwarf-5"] {
        place.compile("m.ko", &format!("{KERNEL}{MODULE}"), &[version]);
        // struct device, struct inner and atomic_t.
        assert_eq!(
            place.fits(&[], &["m.ko"]),
            "1 modules: vermagic and symbols fit; 3 structures and unions, 18 members, are as in the kernel\n"
        );
    }
}

#[test]
fn what_was_saved_is_compared_with_another_kernel() {
    let place = Place::new("saved");
    let longer = VCPU.replace("last;", "last; long ours;");
    let source = format!("{KERNEL}{MODULE}{longer} struct vcpu *v;");
    place.compile("m.ko", &source, &["-g"]);
    let more = ["--extended", "vcpu", "--save", "layouts.json"];
    let built = place.fits(&more, &["m.ko"]);
    fs::remove_file(place.0.join("m.ko")).unwrap();
    let output = place.check_saved("vmlinux");
    let says = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert_eq!(built.split_once("; ").unwrap().1, says);
    assert!(says.contains("vcpu longer at the end"), "{says}");

    let other = KERNEL.replace("char c; long l;", "long l; char c;");
    place.compile(
        "other",
        &format!("{other}{VCPU} struct device d; struct vcpu v;"),
        &["-gbtf"],
    );
    let output = place.check_saved("other");
    let says = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        says.starts_with("m.ko: struct inner: member c at 0 of size 1, the kernel's is at 8"),
        "{says}"
    );
}

#[test]
fn a_layout_is_refused_by_its_name() {
    let place = Place::new("layout");
    let says = |from: &str, to: &str| {
        assert!(KERNEL.contains(from));
        place.compile(
            "m.ko",
            &format!("{}{MODULE}", KERNEL.replace(from, to)),
            &["-g"],
        );
        place.refused("7.3.4 SMP", &[], &["m.ko"])
    };
    assert_eq!(
        says("char tail[]", "int more; char tail[]"),
        "m.ko: struct device: member tail at 328 of size 0, the kernel's is at 324 of size 0\n\
         m.ko: struct device: member more at 324 of size 4, which the kernel's does not have"
    );
    assert!(says("int a:3", "int a:4")
        .contains("member a at 0 of size 0+4/8, the kernel's is at 0 of size 0+3/8"));
    assert!(says("short low, high", "short high, low")
        .contains("member high at 8 of size 2, the kernel's is at 10 of size 2"));
    assert!(
        says("int counter", "long counter").contains("typedef atomic_t: size 8, the kernel's is 4")
    );
}

#[test]
fn extended_at_the_end_if_that_is_said() {
    let place = Place::new("extended");
    let longer = "struct vcpu { long first; int last; void *hooks; }; struct vcpu v;";
    place.compile("m.ko", &format!("{KERNEL}{longer}{MODULE}"), &["-g"]);
    assert!(place
        .fits(&["--extended", "vcpu"], &["m.ko"])
        .ends_with(", vcpu longer at the end\n"));
    assert_eq!(
        place.refused("7.3.4 SMP", &["--extended", "device"], &["m.ko"]),
        "m.ko: struct vcpu: size 24, the kernel's is 16\n\
         m.ko: struct vcpu: member hooks at 16 of size 8, which the kernel's does not have"
    );
    let inserted = longer.replace("int last; void *hooks", "void *hooks; int last");
    place.compile("m.ko", &format!("{KERNEL}{inserted}{MODULE}"), &["-g"]);
    assert!(place
        .refused("7.3.4 SMP", &["--extended", "vcpu"], &["m.ko"])
        .contains("struct vcpu: member last at 16"));
}

#[test]
fn vermagic() {
    let place = Place::new("vermagic");
    place.compile("m.ko", &format!("{KERNEL}{MODULE}"), &["-g"]);
    assert_eq!(
        place.refused("7.3.5 SMP ", &[], &["m.ko"]),
        "m.ko: its vermagic is \"7.3.4 SMP \", the kernel's is \"7.3.5 SMP \""
    );
}

#[test]
fn symbols_come_from_the_kernel_or_another_of_them() {
    let place = Place::new("symbols");
    let source = format!(
        "{KERNEL}{MODULE} void ours(void), _RNvC(void); void call(void) {{ ours(); _RNvC(); }}"
    );
    place.symvers(&format!(
        "{SYMVERS}0x00000000\t_RNvC\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
    ));
    place.compile("m.ko", &source, &["-g"]);
    assert_eq!(
        place.refused("7.3.4 SMP", &[], &["m.ko"]),
        "m.ko: it needs ours, which the kernel does not export\nm.ko: it needs _RNvC, which is Rust's"
    );
    let source = source.replace(", _RNvC(void)", "").replace("_RNvC", "find");
    place.compile("m.ko", &source, &["-g"]);
    place.compile(
        "other.ko",
        &format!("{KERNEL}{MODULE} int __ksymtab_ours;"),
        &["-g"],
    );
    place.fits(&[], &["m.ko", "other.ko"]);
}

#[test]
fn checksums_where_the_kernel_has_them() {
    let place = Place::new("checksums");
    let magic = "7.3.4 SMP modversions ";
    let with = |crc: &str| {
        let versions = format!(
            "struct {{ unsigned long crc; char name[56]; }} v __attribute__((section(\"__versions\"))) {crc};"
        );
        let source = format!("{KERNEL}{MODULE}{versions}").replace("7.3.4 SMP ", magic);
        place.compile("m.ko", &source, &["-g"]);
        place.check(magic, &[], &["m.ko"])
    };
    assert!(with("= { 0xff, \"find\" }").status.success());
    assert!(
        String::from_utf8_lossy(&with("= { 0xfe, \"find\" }").stderr)
            .starts_with("m.ko: its CRC of find is 0xfe, the kernel's is 0xff\n")
    );
    assert!(String::from_utf8_lossy(&with("= { 0xff, \"fin\" }").stderr)
        .starts_with("m.ko: it has no CRC of find, the kernel's is 0xff\n"));
}

#[test]
fn nothing_is_compared_without_debug_information() {
    let place = Place::new("stripped");
    place.compile("m.ko", &format!("{KERNEL}{MODULE}"), &[]);
    assert!(place
        .refused("7.3.4 SMP", &[], &["m.ko"])
        .contains("m.ko: it has no debug information"));
    fs::write(place.0.join("m.ko"), "no ELF").unwrap();
    assert!(place
        .refused("7.3.4 SMP", &[], &["m.ko"])
        .contains("m.ko is no module"));
}

#[test]
fn what_bindgen_made_of_c() {
    let place = Place::new("bindgen");
    let source = "#![no_std] #![allow(warnings)]
        #[repr(C)] #[derive(Copy, Clone)] pub struct inner { pub c: u8, pub l: i64 }
        #[repr(C)] #[derive(Copy, Clone)] pub struct device__bindgen_ty_1__bindgen_ty_1 { pub low: i16, pub high: i16 }
        #[repr(C)] pub union device__bindgen_ty_1 {
            pub in_: inner, pub raw: [i64; 4], pub __bindgen_anon_1: device__bindgen_ty_1__bindgen_ty_1,
        }
        #[repr(C)] pub struct device {
            pub _bitfield_align_1: [u32; 0], pub _bitfield_1: [u8; 8],
            pub __bindgen_anon_1: device__bindgen_ty_1,
            pub ptr: *const inner, pub users: i32, pub mode: u32, pub call: usize, pub type_: i32, pub many: [u8; 256], pub tail: [u8; 0],
        }
        #[no_mangle] pub static mut HERE: Option<device> = None;
        #[link_section = \".modinfo\"] #[used] static MAGIC: [u8; 19] = *b\"vermagic=7.3.4 SMP \";";
    let compile = |source: &str| {
        fs::write(place.0.join("m.rs"), source).unwrap();
        let rustc = std::env::var("RUSTC").unwrap_or("rustc".into());
        place.run(
            Command::new(rustc)
                .args([
                    "--crate-name=bindings",
                    "--crate-type=lib",
                    "--edition=2021",
                    "-g",
                    "--emit=obj=m.ko",
                    "m.rs",
                ])
                .current_dir(&place.0),
        );
    };
    compile(source);
    assert!(place
        .fits(&[], &["m.ko"])
        .contains("; 2 structures and unions, 13 members,"));
    compile(&source.replace("pub low: i16, pub high: i16", "pub high: i16, pub low: i16"));
    let wrong = place.refused("7.3.4 SMP", &[], &["m.ko"]);
    // Left out of Rust's, where that is said, and of C's never.
    place.fits(&["--opaque-to-rust", "device"], &["m.ko"]);
    place.compile(
        "c.ko",
        &format!("{}{MODULE}", KERNEL.replace("low, high", "high, low")),
        &["-g"],
    );
    let c = place.refused(
        "7.3.4 SMP",
        &["--opaque-to-rust", "device"],
        &["m.ko", "c.ko"],
    );
    assert!(
        c.starts_with("c.ko: struct device: member high at 8 of size 2,"),
        "{c}"
    );
    assert!(
        wrong.contains("m.ko: struct device: member high at 8, the kernel's is at 10 of size 2"),
        "{wrong}"
    );
}

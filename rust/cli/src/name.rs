// SPDX-License-Identifier: GPL-2.0

//! Names that somebody else has chosen: a VMM for itself, whoever wrote a JSON file or named one.

use serde::de::{Deserialize, Deserializer, Error};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// Such a name. It is itself in JSON, and escaped wherever else it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// Of a file's names none is longer. A table is as wide in each row as its longest name.
const LONGEST: usize = 256;

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name.len() > LONGEST {
            let why = format!(
                "a name of {} bytes, where {LONGEST} are the most",
                name.len()
            );
            return Err(D::Error::custom(why));
        }
        Ok(Self(name))
    }
}

impl<S: Into<String>> From<S> for Name {
    fn from(name: S) -> Self {
        Self(name.into())
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escaped(&self.0))
    }
}

/// `text` for a terminal or a file of text: `\u{1b}` for what could steer either.
pub fn escaped(text: &str) -> Cow<'_, str> {
    escaped_as(text, steers, |c, text| text.extend(c.escape_unicode()))
}

/// JSON for a terminal. It says the same: only in strings is there anything to escape.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    let steers = |c| c != '\n' && steers(c);
    escaped_as(json, steers, |c, text| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            *text += &format!("\\u{unit:04x}");
        }
    })
}

fn escaped_as(
    text: &str,
    which: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&which) {
        return text.into();
    }
    let mut escaped = String::new();
    for c in text.chars() {
        if which(c) {
            escape(c, &mut escaped);
        } else {
            escaped.push(c);
        }
    }
    escaped.into()
}

/// Control characters, separators of lines, and those of Unicode's format characters (Cf) that turn
/// the direction of what is beside them, or hide.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_steers_is_escaped() {
        let shown = |name| Name::from(name).to_string();
        assert_eq!(shown("qemu\x1b[2J\r\n"), r"qemu\u{1b}[2J\u{d}\u{a}");
        assert_eq!(shown("\u{9b}2J\x7f\0"), r"\u{9b}2J\u{7f}\u{0}");
        assert_eq!(
            shown("a\u{202e}b\u{2066}\u{200b}"),
            r"a\u{202e}b\u{2066}\u{200b}"
        );
        assert_eq!(shown("\u{e0041}"), r"\u{e0041}");
    }

    #[test]
    fn what_can_be_read_is_itself() {
        for name in [
            "qemu-system-x86",
            "PF excp",
            "Łódź e\u{301} 仮想",
            r"a\b",
            "\u{fffd}",
        ] {
            assert_eq!(Name::from(name).to_string(), name);
        }
        assert_eq!(format!("{:>6}|", Name::from("vm")), "    vm|");
    }

    #[test]
    fn json_has_it_as_it_is() {
        let name = Name::from("\x1b\u{9b}\u{202e}\u{e0041}\"\n");
        let json = serde_json::to_string_pretty(&[&name]).unwrap();
        let shown = escaped_json(&json);
        assert_eq!(
            shown,
            "[\n  \"\\u001b\\u009b\\u202e\\udb40\\udc41\\\"\\n\"\n]"
        );
        assert_eq!(serde_json::from_str::<[Name; 1]>(&shown).unwrap(), [name]);
    }

    #[test]
    fn names_have_an_end() {
        let json = |length| serde_json::to_string(&"x".repeat(length)).unwrap();
        assert!(serde_json::from_str::<Name>(&json(LONGEST)).is_ok());
        let error = serde_json::from_str::<Name>(&json(LONGEST + 1)).unwrap_err();
        assert!(error.to_string().contains("257 bytes"), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_steers_after_it(text in any::<String>()) {
            let once = escaped(&text);
            prop_assert!(!once.contains(steers));
            prop_assert_eq!(escaped(&once), once.as_ref());
        }
    }
}

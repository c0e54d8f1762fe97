// SPDX-License-Identifier: GPL-2.0

//! Figures for a spreadsheet: CSV (RFC 4180), with a line of headings.

use crate::name::Name;
use anyhow::Result;
use csv::Writer;

/// A sheet, line by line.
pub struct Sheet(Writer<Vec<u8>>);

/// What a line has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field(String);

impl Sheet {
    /// Only headings.
    pub fn new(headings: impl IntoIterator<Item = impl Into<Field>>) -> Result<Self> {
        let mut sheet = Self(Writer::from_writer(Vec::new()));
        sheet.line(headings.into_iter().map(Into::into))?;
        Ok(sheet)
    }

    /// Adds a line, which has as many fields as there are headings.
    pub fn line(&mut self, fields: impl IntoIterator<Item = Field>) -> Result<()> {
        Ok(self.0.write_record(fields.into_iter().map(|f| f.0))?)
    }

    /// All lines.
    pub fn text(self) -> Result<String> {
        Ok(String::from_utf8(self.0.into_inner()?)?)
    }
}

/// A word of our own.
impl From<&'static str> for Field {
    fn from(word: &'static str) -> Self {
        Self(word.to_string())
    }
}

impl From<&Name> for Field {
    fn from(name: &Name) -> Self {
        let text = name.to_string();
        // A spreadsheet would take it for a formula, and run it; in some languages the wide forms,
        // too. What OWASP advises against that is to begin with a quote.
        let is_formula = text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        Self(if is_formula { format!("'{text}") } else { text })
    }
}

impl<T: Into<Field>> From<Option<T>> for Field {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self(String::new()), Into::into)
    }
}

macro_rules! figures {
    ($($type:ty)*) => { $(
        impl From<$type> for Field {
            fn from(figure: $type) -> Self {
                Self(figure.to_string())
            }
        }
    )* };
}

figures!(u32 u64 u128 f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(fields: [Field; 2]) -> String {
        let mut sheet = Sheet::new(["a", "b"]).unwrap();
        sheet.line(fields).unwrap();
        let text = sheet.text().unwrap();
        text.strip_prefix("a,b\n").unwrap().to_string()
    }

    fn text(name: &str) -> Field {
        (&Name::from(name)).into()
    }

    #[test]
    fn what_needs_quotes_has_them() {
        let line = csv([text("shadow, vpid=0"), text("say \"x\"")]);
        assert_eq!(line, "\"shadow, vpid=0\",\"say \"\"x\"\"\"\n");
        let line = csv(["two\nlines".into(), "carriage\rreturn".into()]);
        assert_eq!(line, "\"two\nlines\",\"carriage\rreturn\"\n");
    }

    #[test]
    fn names_steer_nothing() {
        let line = csv([text("a\r\nb\x1b"), text("\u{202e}c")]);
        assert_eq!(line, "a\\u{d}\\u{a}b\\u{1b},\\u{202e}c\n");
    }

    #[test]
    fn names_are_no_formulas() {
        for formula in ["=1+1", "+1", "-1", "@SUM(1)", "＝1"] {
            assert_eq!(text(formula).0, format!("'{formula}"));
        }
        // Figures are what they are.
        assert_eq!(csv([(-1.5).into(), 3u64.into()]), "-1.5,3\n");
        assert_eq!(csv([None::<u64>.into(), text("a=1")]), ",a=1\n");
    }

    #[test]
    fn a_line_has_all_fields() {
        let mut sheet = Sheet::new(["a", "b"]).unwrap();
        assert!(sheet.line([1u32.into()]).is_err());
    }
}

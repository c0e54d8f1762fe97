// SPDX-License-Identifier: GPL-2.0

//! Figures for a spreadsheet: CSV (RFC 4180), with a line of headings.

use anyhow::Result;
use csv::Writer;

/// A sheet, line by line.
pub struct Sheet(Writer<Vec<u8>>);

impl Sheet {
    /// Only headings.
    pub fn new<S: AsRef<[u8]>>(headings: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut sheet = Self(Writer::from_writer(Vec::new()));
        sheet.line(headings)?;
        Ok(sheet)
    }

    /// Adds a line, which has as many fields as there are headings.
    pub fn line<S: AsRef<[u8]>>(&mut self, fields: impl IntoIterator<Item = S>) -> Result<()> {
        Ok(self.0.write_record(fields)?)
    }

    /// All lines.
    pub fn text(self) -> Result<String> {
        Ok(String::from_utf8(self.0.into_inner()?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quotes_has_them() {
        let mut sheet = Sheet::new(["a", "b"]).unwrap();
        sheet.line(["shadow, vpid=0", "say \"x\""]).unwrap();
        sheet.line(["two\nlines", "carriage\rreturn"]).unwrap();
        assert_eq!(
            sheet.text().unwrap(),
            "a,b\n\"shadow, vpid=0\",\"say \"\"x\"\"\"\n\"two\nlines\",\"carriage\rreturn\"\n"
        );
    }

    #[test]
    fn a_line_has_all_fields() {
        let mut sheet = Sheet::new(["a", "b"]).unwrap();
        assert!(sheet.line(["1"]).is_err());
    }
}

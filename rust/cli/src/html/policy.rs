// SPDX-License-Identifier: GPL-2.0

//! What a page is allowed to do: have the one style and run the one script that it comes with,
//! told by their hashes, and nothing else. Whatever a name might get into the page runs nothing, and
//! the page asks nobody for anything.

/// The style sheet.
pub const STYLE: &str = include_str!("page.css");

/// The script.
pub const SCRIPT: &str = include_str!("page.js");

/// The policy; a test computes the hashes anew and says what they have to be.
pub const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
    style-src 'sha256-I+9SqrMw1LzayiZEDnktVoap3rSqYJa25UStQMmVhRI='; \
    script-src 'sha256-H0QSuxyaHzPItc6Vp6GelEBmwdWUTczxGyfOus9rs6g='";

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{Engine, BASE64_STANDARD};
    use sha2::{Digest, Sha256};

    #[test]
    fn the_hashes_are_those_of_the_files() {
        for (what, text) in [("style-src", STYLE), ("script-src", SCRIPT)] {
            let hash = BASE64_STANDARD.encode(Sha256::digest(text));
            let expected = format!("{what} 'sha256-{hash}'");
            assert!(
                POLICY.contains(&expected),
                "policy.rs has to have: {expected}"
            );
        }
    }

    /// Else the text between the tags would not be that of the files.
    #[test]
    fn nothing_in_them_ends_them() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The page broken in one way after the other: a check that finds nothing then is none.

use crate::checks::{Checks, Finding};
use crate::runs::Runs;
use anyhow::{bail, Context, Result};
use browser::Chromium;
use std::fs;
use std::path::Path;

/// One way.
struct Break {
    /// What is wrong with the page then.
    what: &'static str,
    /// The end of the name of the check that has to say so.
    found_by: &'static str,
    /// Without what keeps a page from doing some of this.
    without_policy: bool,
    /// What comes before it.
    behind: &'static str,
    /// What is replaced, once, and by what.
    from: &'static str,
    to: &'static str,
}

const ALL: [Break; 12] = [
    Break {
        what: "a picture from elsewhere",
        found_by: "complained of",
        without_policy: true,
        behind: "",
        from: "</main>",
        to: "<img src=\"http://127.0.0.1:9/a.png\" alt=\"\"></main>",
    },
    Break {
        what: "a picture that the policy keeps off",
        found_by: "complained of",
        without_policy: false,
        behind: "",
        from: "</main>",
        to: "<img src=\"http://127.0.0.1:9/a.png\" alt=\"\"></main>",
    },
    Break {
        what: "a script of somebody else's",
        found_by: "complained of",
        without_policy: false,
        behind: "",
        from: "</main>",
        to: "<script>document.title = \"\"</script></main>",
    },
    Break {
        what: "a script that fails",
        found_by: "complained of",
        without_policy: true,
        behind: "",
        from: "</main>",
        to: "<script>throw new Error(\"no\")</script></main>",
    },
    Break {
        what: "a bar that is too long",
        found_by: ": bars",
        without_policy: false,
        behind: "",
        from: "data-series=\"0\" data-value=\"",
        to: "data-series=\"0\" data-value=\"0.0",
    },
    Break {
        what: "a bar of another count",
        found_by: "figures",
        without_policy: false,
        behind: "counts-chart\"",
        from: "data-series=\"0\" data-value=\"",
        to: "data-series=\"0\" data-value=\"1",
    },
    Break {
        what: "a column of another count",
        found_by: "bars of each reason",
        without_policy: false,
        behind: "",
        from: "data-bucket=\"10\" data-value=\"",
        to: "data-bucket=\"10\" data-value=\"1",
    },
    Break {
        what: "a table that is sorted by the letter",
        found_by: "sorting",
        without_policy: true,
        behind: "",
        from: "Number(cell.dataset.value)",
        to: "cell.dataset.value",
    },
    Break {
        what: "a table that cannot be sorted",
        found_by: "sorting",
        without_policy: true,
        behind: "",
        from: "heading.append(button)",
        to: "button.remove()",
    },
    Break {
        what: "two reasons open at once",
        found_by: "choosing",
        without_policy: false,
        behind: "",
        from: "<details name=",
        to: "<details data-name=",
    },
    Break {
        what: "a line that is too wide",
        found_by: "layout",
        without_policy: false,
        behind: "",
        from: "</main>",
        to: "<pre>a line of text that does not fit into the window of a telephone</pre></main>",
    },
    Break {
        what: "text that is too small",
        found_by: "layout",
        without_policy: true,
        behind: "",
        from: "</style>",
        to: "svg text { font-size: 8px }</style>",
    },
];

/// Breaks `page`, and sees that each time that is found.
pub fn check(page: &Path, runs: &[Runs]) -> Result<Vec<Finding>> {
    let whole = fs::read_to_string(page);
    let whole = whole.with_context(|| format!("cannot read {}", page.display()))?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("broken.html");
    let mut browser = Chromium::start()?;
    let mut findings = Vec::new();
    for each in ALL {
        fs::write(&file, each.apply(&whole)?)?;
        let mut page = browser.page()?;
        page.resize(360, 900)?;
        let found = Checks::new(&mut page, &file, runs)?.all("")?;
        let is_found = found
            .iter()
            .any(|finding| finding.what.ends_with(each.found_by) && !finding.problems.is_empty());
        let problem = format!("nobody saw it: {}", each.found_by);
        findings.push(Finding {
            what: each.what.to_string(),
            seen: 1,
            problems: if is_found { Vec::new() } else { vec![problem] },
        });
    }
    Ok(findings)
}

impl Break {
    fn apply(&self, page: &str) -> Result<String> {
        let page = match self.without_policy {
            true => page.replacen("http-equiv", "data-http-equiv", 1),
            false => page.to_string(),
        };
        let place = match self.behind {
            "" => Some(("", page.as_str())),
            behind => page.split_once(behind),
        };
        let Some((before, after)) = place.filter(|(_, after)| after.contains(self.from)) else {
            bail!("the page has no {} to break", self.from);
        };
        let broken = after.replacen(self.from, self.to, 1);
        Ok([before, self.behind, &broken].concat())
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Pages, and what is true of each of them.

use super::{kvm_exits, stdout};
use scraper::{ElementRef, Html, Selector};
use std::collections::BTreeSet;

/// No page of these tests is larger. One of three runs of the demo, with the keys and histograms of
/// 19 reasons, is of 280 KB.
const BOUND: usize = 200_000;

pub fn page(args: &[&str]) -> Html {
    let output = kvm_exits(&[args, &["--html", "-"]].concat());
    let text = stdout(&output);
    assert!(text.len() < BOUND, "{} bytes", text.len());
    let page = Html::parse_document(text);
    assert_eq!(page.errors, Vec::<&str>::new());
    loads_nothing(text, &page);
    page
}

/// Nothing that a browser would ask for, nothing that would run but the one script.
fn loads_nothing(text: &str, page: &Html) {
    for tag in [
        "link", "img", "iframe", "object", "embed", "base", "form", "use", "image",
    ] {
        assert_eq!(all(page, tag).len(), 0, "{tag}");
    }
    assert_eq!(all(page, "script").len(), 1);
    assert_eq!(all(page, "style").len(), 1);
    assert_eq!(all(page, "[src], [style], [xlink\\:href]").len(), 0);
    for link in all(page, "[href]") {
        let to = link.attr("href").unwrap();
        let target = to.strip_prefix('#').expect(to);
        assert_eq!(all(page, &format!("[id='{target}']")).len(), 1, "{to}");
    }
    let scheme = ["http:", "https:", "//", "url(", "@import", "data:"];
    let found = scheme.iter().filter(|scheme| text.contains(**scheme));
    // A comment in the script.
    let text = text.replace("// ", "");
    let found: Vec<_> = found.filter(|scheme| text.contains(**scheme)).collect();
    assert_eq!(found, Vec::<&&str>::new());
    let policy = all(page, "meta[http-equiv='Content-Security-Policy']");
    let policy = policy[0].attr("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let ids: Vec<_> = all(page, "[id]")
        .iter()
        .map(|e| e.attr("id").unwrap())
        .collect();
    assert_eq!(
        ids.len(),
        ids.iter().collect::<BTreeSet<_>>().len(),
        "{ids:?}"
    );
    let on = |e: &ElementRef<'_>| e.value().attrs().any(|(name, _)| name.starts_with("on"));
    assert_eq!(all(page, "*").iter().filter(|e| on(e)).count(), 0);
}

pub fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

pub fn below<'a>(element: ElementRef<'a>, selector: &str) -> Vec<ElementRef<'a>> {
    element
        .select(&Selector::parse(selector).unwrap())
        .collect()
}

pub fn text(element: ElementRef<'_>) -> String {
    let text = element.text().collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn number(element: ElementRef<'_>, attribute: &str) -> f64 {
    let text = element
        .attr(attribute)
        .unwrap_or_else(|| panic!("{element:?}"));
    text.trim_end_matches('%').parse().expect(text)
}

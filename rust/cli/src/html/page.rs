// SPDX-License-Identifier: GPL-2.0

//! A page: one file, with its style and its script, that loads nothing.

use super::policy::{POLICY, SCRIPT, STYLE};
use maud::{html, Markup, PreEscaped, DOCTYPE};

/// A page, section by section.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    lead: Vec<String>,
    date: Option<String>,
    warnings: Vec<String>,
    facts: Option<Markup>,
    sections: Vec<Section>,
    notes: Vec<String>,
}

/// A part of a page, with a heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// What links to it say; unique within the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What is below that.
    pub body: Markup,
}

impl Section {
    /// One with this `body`.
    pub fn new(id: &str, title: &str, body: Markup) -> Self {
        Self {
            id: id.to_string(),
            title: title.to_string(),
            body,
        }
    }

    /// One of sentences, a paragraph each.
    pub fn text(id: &str, title: &str, paragraphs: &[String]) -> Self {
        Self::new(
            id,
            title,
            html! { @for text in paragraphs { p { (text) } } },
        )
    }
}

impl Page {
    /// An empty one.
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_string(),
            lead: Vec::new(),
            date: None,
            warnings: Vec::new(),
            facts: None,
            sections: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A sentence below the title.
    pub fn lead(mut self, text: &str) -> Self {
        self.lead.push(text.to_string());
        self
    }

    /// When the figures were taken.
    pub fn date(mut self, date: &str) -> Self {
        self.date = Some(date.to_string());
        self
    }

    /// What makes the figures doubtful.
    pub fn warnings(mut self, warnings: &[String]) -> Self {
        self.warnings.extend_from_slice(warnings);
        self
    }

    /// What the figures are of.
    pub fn facts(mut self, facts: Markup) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Adds a section behind the others.
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// Adds sections behind the others.
    pub fn sections(mut self, sections: impl IntoIterator<Item = Section>) -> Self {
        self.sections.extend(sections);
        self
    }

    /// What to know of the figures, at the end of the page, a sentence or more per line.
    pub fn notes(mut self, text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty());
        self.notes.extend(lines.map(String::from));
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        let tool = concat!("kvm-exits ", env!("CARGO_PKG_VERSION"));
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content=(tool);
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        p.made {
                            @if let Some(date) = &self.date { time { (date) } " · " }
                            (tool)
                        }
                        @for text in &self.lead { p.lead { (text) } }
                        @if !self.warnings.is_empty() {
                            div.warnings role="note" {
                                @for warning in &self.warnings { p { (warning) } }
                            }
                        }
                        @if let Some(facts) = &self.facts { (facts) }
                    }
                    main {
                        @for section in &self.sections {
                            section id=(section.id) {
                                h2 { (section.title) }
                                (section.body)
                            }
                        }
                    }
                    footer { @for note in &self.notes { p { (note) } } }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string() + "\n"
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The formats, and which of them a scraper gets.

use super::accept::Accept;
use super::family::Family;
use super::{protobuf, text};

/// What a scrape is answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus's protobuf format: native histograms.
    Protobuf,
}

/// Which histograms there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histograms {
    /// With bounds that are labels.
    pub classic: bool,
    /// With a bucket for each power of two.
    pub native: bool,
}

impl Format {
    /// All of them; the one that has more comes first.
    const ALL: [Self; 3] = [Self::Protobuf, Self::OpenMetrics, Self::Text];

    /// The one that `accept`, a scraper's header, likes best. Text, the oldest, is for whoever does
    /// not say what it wants, or wants what there is not; and only who asks by name gets another.
    pub fn negotiate(accept: &str, histograms: Histograms) -> Self {
        let accept = Accept::parse(accept);
        let mut best = (Self::Text, 0);
        for format in Self::ALL {
            // Without native histograms there is nothing in it that the text lacks.
            if format == Self::Protobuf && !histograms.native {
                continue;
            }
            let quality = accept.quality(format.content_type());
            if quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }

    /// What names it, in the header of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            }
        }
    }

    /// `families` in it.
    pub fn render(self, families: &[Family], histograms: Histograms) -> Vec<u8> {
        let text = |dialect| text::render(families, dialect, histograms.classic).into_bytes();
        match self {
            Self::Text => text(text::Dialect::Prometheus),
            Self::OpenMetrics => text(text::Dialect::OpenMetrics),
            Self::Protobuf => protobuf::render(families, histograms.classic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSIC: Histograms = Histograms {
        classic: true,
        native: false,
    };
    const NATIVE: Histograms = Histograms {
        classic: false,
        native: true,
    };
    const PROTOBUF: &str = "application/vnd.google.protobuf;\
        proto=io.prometheus.client.MetricFamily;encoding=delimited";

    #[test]
    fn what_prometheus_asks_for() {
        let old = "application/openmetrics-text;version=1.0.0,\
            application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let new = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;\
            escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let with_protobuf = format!("{PROTOBUF};q=0.6,{new}");
        for (accept, histograms, format) in [
            (old, CLASSIC, Format::OpenMetrics),
            (new, CLASSIC, Format::OpenMetrics),
            (&with_protobuf, CLASSIC, Format::OpenMetrics),
            (&with_protobuf, NATIVE, Format::Protobuf),
            (PROTOBUF, NATIVE, Format::Protobuf),
        ] {
            assert_eq!(Format::negotiate(accept, histograms), format, "{accept}");
        }
    }

    #[test]
    fn qualities_decide() {
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text; version=\"1.0.0\"", Format::OpenMetrics),
            ("Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.3", Format::OpenMetrics),
            ("application/openmetrics-text;version=0.0.1", Format::Text),
            ("application/openmetrics-text,text/plain", Format::OpenMetrics),
            ("application/openmetrics-text;q=0.4,text/plain;q=0.5", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=0.001", Format::OpenMetrics),
            ("application/openmetrics-text;q=NaN", Format::Text),
            ("application/openmetrics-text;q=7", Format::Text),
            ("application/vnd.google.protobuf;proto=other;encoding=delimited", Format::Text),
            ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", Format::Text),
            (",;,;q=;=1,/", Format::Text),
        ] {
            assert_eq!(Format::negotiate(accept, NATIVE), format, "{accept}");
        }
    }
}

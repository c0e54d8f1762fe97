// SPDX-License-Identifier: GPL-2.0

//! What a scraper says that it takes: the header `Accept` (RFC 9110, 12.5.1).

/// The header, taken apart. What is no media range with a valid weight is passed over.
#[derive(Debug)]
pub struct Accept<'a>(Vec<Range<'a>>);

#[derive(Debug)]
struct Range<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    /// The weight, in thousandths.
    quality: u32,
}

impl<'a> Accept<'a> {
    /// Takes `header` apart.
    pub fn parse(header: &'a str) -> Self {
        Self(header.split(',').filter_map(Range::parse).collect())
    }

    /// How much `offered` is liked, in thousandths: by the ranges that name it, and that ask for no
    /// other value of one of its parameters.
    pub fn quality(&self, offered: &str) -> u32 {
        let Some(offered) = Range::parse(offered) else {
            return 0;
        };
        let names = |range: &&Range<'_>| range.names(&offered);
        let qualities = self.0.iter().filter(names).map(|range| range.quality);
        qualities.max().unwrap_or(0)
    }
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';');
        let media = parts.next()?.trim();
        let mut range = Self {
            media,
            parameters: Vec::new(),
            quality: 1_000,
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("q") {
                range.quality = thousandths(value)?;
            } else {
                range.parameters.push((name, value));
            }
        }
        Some(range)
    }

    fn names(&self, offered: &Range<'_>) -> bool {
        let contradicts = |(name, value): &(&str, &str)| {
            let mut offered = offered.parameters.iter();
            let is = offered.find(|(n, _)| n.eq_ignore_ascii_case(name));
            is.is_some_and(|(_, is)| is != value)
        };
        self.media.eq_ignore_ascii_case(offered.media) && !self.parameters.iter().any(contradicts)
    }
}

fn thousandths(text: &str) -> Option<u32> {
    let quality: f64 = text.parse().ok()?;
    let is_weight = (0.0..=1.0).contains(&quality);
    is_weight.then(|| (quality * 1_000.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_it_says_there_is_an_answer(header in any::<String>()) {
            prop_assert!(Accept::parse(&header).quality("text/plain") <= 1_000);
        }
    }
}

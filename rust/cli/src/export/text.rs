// SPDX-License-Identifier: GPL-2.0

//! The text formats: Prometheus's 0.0.4, and OpenMetrics 1.0.

use super::family::{Family, Histogram, Kind, Label, Value};
use super::number;

/// Where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 0.0.4.
    Prometheus,
    /// 1.0.
    OpenMetrics,
}

impl Dialect {
    /// What `family` is called where its kind is said.
    fn family_name(self, family: &Family) -> String {
        match self {
            Self::Prometheus => sample_name(family),
            Self::OpenMetrics => family.name.to_string(),
        }
    }

    fn kind(self, kind: Kind) -> &'static str {
        match (kind, self) {
            (Kind::Counter, _) => "counter",
            (Kind::Info, Self::OpenMetrics) => "info",
            (Kind::Gauge | Kind::Info, _) => "gauge",
            (Kind::Histogram, _) => "histogram",
        }
    }

    fn bound(self, bound: u64) -> String {
        match self {
            Self::Prometheus => number::short(bound as f64),
            Self::OpenMetrics => number::open_metrics(bound as f64),
        }
    }
}

/// What the samples of `family` are called; a histogram's have more behind it.
pub fn sample_name(family: &Family) -> String {
    let suffix = match family.kind {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        Kind::Gauge | Kind::Histogram => "",
    };
    format!("{}{suffix}", family.name)
}

/// `families` as text. Histograms are classic ones here, and left out where those are not wanted.
pub fn render(families: &[Family], dialect: Dialect, classic: bool) -> String {
    let mut text = String::new();
    for family in families {
        let is_histogram = family.kind == Kind::Histogram;
        if family.series.is_empty() || (is_histogram && !classic) {
            continue;
        }
        let name = dialect.family_name(family);
        text += &format!("# HELP {name} {}\n", escaped(family.help));
        text += &format!("# TYPE {name} {}\n", dialect.kind(family.kind));
        let name = sample_name(family);
        for series in &family.series {
            let labels = &series.labels;
            match &series.value {
                Value::Whole(n) => sample(&mut text, &name, labels, &n.to_string()),
                Value::Real(n) => sample(&mut text, &name, labels, &n.to_string()),
                Value::Histogram(of) => histogram(&mut text, dialect, &name, labels, of),
            }
        }
    }
    if dialect == Dialect::OpenMetrics {
        text += "# EOF\n";
    }
    text
}

fn histogram(text: &mut String, dialect: Dialect, name: &str, labels: &[Label], of: &Histogram) {
    let buckets = of.classic().map(|(bound, n)| (dialect.bound(bound), n));
    for (bound, exits) in buckets.chain([("+Inf".to_string(), of.count())]) {
        let labels = [labels, &[("le", bound)]].concat();
        sample(text, &format!("{name}_bucket"), &labels, &exits.to_string());
    }
    sample(text, &format!("{name}_sum"), labels, &of.cycles.to_string());
    sample(
        text,
        &format!("{name}_count"),
        labels,
        &of.count().to_string(),
    );
}

fn sample(text: &mut String, name: &str, labels: &[Label], value: &str) {
    *text += name;
    for (i, (label, is)) in labels.iter().enumerate() {
        let before = if i == 0 { '{' } else { ',' };
        *text += &format!("{before}{label}=\"{}\"", escaped(is));
    }
    if !labels.is_empty() {
        text.push('}');
    }
    *text += &format!(" {value}\n");
}

/// What would end a label's value, or a line.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families() -> Vec<Family> {
        let mut exits = Family::new(Kind::Counter, "kvm_exits", "Exits.");
        exits.push(vec![("reason", "CPUID".into())], Value::Whole(u64::MAX));
        let mut info = Family::new(Kind::Info, "kvm", "What this is.");
        info.push(
            vec![("a", "1".into()), ("b", "x\"\\\n} 2".into())],
            Value::Whole(1),
        );
        let read = Family::single(Kind::Gauge, "read_seconds", "How long.", Value::Real(0.25));
        let mut long = Family::new(Kind::Histogram, "long", "By cycles.");
        let buckets = vec![
            1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4,
        ];
        long.push(
            Vec::new(),
            Value::Histogram(Histogram {
                buckets,
                cycles: 7_000_000,
            }),
        );
        let none = Family::new(Kind::Gauge, "none", "Of nothing.");
        vec![exits, info, read, long, none]
    }

    #[test]
    fn prometheus_is_as_it_should_be() {
        let expected = r#"# HELP kvm_exits_total Exits.
# TYPE kvm_exits_total counter
kvm_exits_total{reason="CPUID"} 18446744073709551615
# HELP kvm_info What this is.
# TYPE kvm_info gauge
kvm_info{a="1",b="x\"\\\n} 2"} 1
# HELP read_seconds How long.
# TYPE read_seconds gauge
read_seconds 0.25
# HELP long By cycles.
# TYPE long histogram
long_bucket{le="255"} 1
long_bucket{le="1023"} 3
long_bucket{le="4095"} 3
long_bucket{le="16383"} 3
long_bucket{le="65535"} 3
long_bucket{le="262143"} 3
long_bucket{le="1.048575e+06"} 3
long_bucket{le="4.194303e+06"} 7
long_bucket{le="1.6777215e+07"} 7
long_bucket{le="6.7108863e+07"} 7
long_bucket{le="+Inf"} 7
long_sum 7000000
long_count 7
"#;
        assert_eq!(render(&families(), Dialect::Prometheus, true), expected);
    }

    #[test]
    fn open_metrics_names_families_without_suffixes() {
        let text = render(&families(), Dialect::OpenMetrics, true);
        for line in [
            "# TYPE kvm_exits counter",
            "kvm_exits_total{reason=\"CPUID\"} 18446744073709551615",
            "# TYPE kvm info",
            "long_bucket{le=\"255.0\"} 1",
            "long_bucket{le=\"1.048575e+06\"} 3",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}: {text}");
        }
        assert!(text.ends_with("long_count 7\n# EOF\n"), "{text}");
    }

    #[test]
    fn without_classic_histograms_there_are_none() {
        for dialect in [Dialect::Prometheus, Dialect::OpenMetrics] {
            assert!(!render(&families(), dialect, false).contains("long_"));
        }
    }
}

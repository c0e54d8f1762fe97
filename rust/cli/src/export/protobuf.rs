// SPDX-License-Identifier: GPL-2.0

//! Prometheus's protobuf format, the only one that has native histograms.
//!
//! What of `io/prometheus/client/metrics.proto` we use.

use super::family::{Family, Histogram as Log2, Kind, Label, Value};
use super::text::sample_name;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct MetricFamily {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    help: String,
    #[prost(enumeration = "MetricType", optional, tag = "3")]
    kind: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    metric: Vec<Metric>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
enum MetricType {
    Counter = 0,
    Gauge = 1,
    Histogram = 4,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(message, repeated, tag = "1")]
    label: Vec<LabelPair>,
    #[prost(message, optional, tag = "2")]
    gauge: Option<Number>,
    #[prost(message, optional, tag = "3")]
    counter: Option<Number>,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// `Gauge`, and what we use of `Counter`.
#[derive(Clone, PartialEq, Message)]
struct Number {
    #[prost(double, optional, tag = "1")]
    value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    sample_sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    bucket: Vec<Bucket>,
    #[prost(sint32, optional, tag = "5")]
    schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    zero_count: Option<u64>,
    #[prost(message, repeated, tag = "12")]
    positive_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "13")]
    positive_delta: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Bucket {
    #[prost(uint64, optional, tag = "1")]
    cumulative_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    upper_bound: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
struct BucketSpan {
    #[prost(sint32, optional, tag = "1")]
    offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    length: Option<u32>,
}

/// `families`, one after the other, each with its length before it. Histograms are native ones,
/// with the classic buckets besides where those are wanted.
pub fn render(families: &[Family], classic: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for family in families.iter().filter(|family| !family.series.is_empty()) {
        bytes.extend(message(family, classic).encode_length_delimited_to_vec());
    }
    bytes
}

fn message(family: &Family, classic: bool) -> MetricFamily {
    let kind = match family.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge | Kind::Info => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
    };
    let metric = family.series.iter().map(|series| {
        let mut metric = Metric {
            label: series.labels.iter().map(pair).collect(),
            ..Metric::default()
        };
        let value = match &series.value {
            Value::Whole(n) => *n as f64,
            Value::Real(n) => *n,
            Value::Histogram(of) => {
                metric.histogram = Some(histogram(of, classic));
                return metric;
            }
        };
        let number = Some(Number { value: Some(value) });
        if kind == MetricType::Counter {
            metric.counter = number;
        } else {
            metric.gauge = number;
        }
        metric
    });
    MetricFamily {
        name: sample_name(family),
        help: family.help.to_string(),
        kind: Some(kind.into()),
        metric: metric.collect(),
    }
}

fn pair((name, value): &Label) -> LabelPair {
    LabelPair {
        name: name.to_string(),
        value: value.clone(),
    }
}

fn histogram(of: &Log2, classic: bool) -> Histogram {
    let native = of.native();
    let bucket = of.classic().map(|(bound, exits)| Bucket {
        cumulative_count: Some(exits),
        upper_bound: Some(bound as f64),
    });
    let span = native.spans.iter().map(|&(offset, length)| BucketSpan {
        offset: Some(offset),
        length: Some(length),
    });
    Histogram {
        sample_count: Some(of.count()),
        sample_sum: Some(of.cycles as f64),
        bucket: bucket.filter(|_| classic).collect(),
        schema: Some(0),
        // 0 and 1, one of our buckets, are one here too: else 1 would be by itself.
        zero_threshold: Some(1.0),
        zero_count: Some(native.zero),
        positive_span: span.collect(),
        positive_delta: native.deltas,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_can_be_read_back() {
        let mut exits = Family::new(Kind::Counter, "kvm_exits", "Exits.");
        exits.push(vec![("reason", "a\"\nb".into())], Value::Whole(5));
        let mut long = Family::new(Kind::Histogram, "long", "By cycles.");
        let of = Log2 {
            buckets: vec![1, 0, 3, 2, 0, 4],
            cycles: 250,
        };
        long.push(Vec::new(), Value::Histogram(of));
        let none = Family::new(Kind::Gauge, "none", "Of nothing.");

        let bytes = render(&[exits, none, long], false);
        let mut rest = &bytes[..];
        let mut next = || MetricFamily::decode_length_delimited(&mut rest).unwrap();
        let (exits, long) = (next(), next());
        assert!(rest.is_empty());

        assert_eq!(exits.name, "kvm_exits_total");
        assert_eq!(exits.kind, Some(0));
        assert_eq!(exits.metric[0].label[0].value, "a\"\nb");
        assert_eq!(exits.metric[0].counter.as_ref().unwrap().value, Some(5.0));

        let of = long.metric[0].histogram.as_ref().unwrap();
        assert_eq!((of.sample_count, of.sample_sum), (Some(10), Some(250.0)));
        assert_eq!((of.zero_count, of.schema), (Some(1), Some(0)));
        let spans: Vec<_> = of
            .positive_span
            .iter()
            .map(|s| (s.offset(), s.length()))
            .collect();
        assert_eq!(spans, [(3, 2), (1, 1)]);
        assert_eq!(of.positive_delta, [3, -1, 2]);
        assert!(of.bucket.is_empty());
    }

    #[test]
    fn classic_buckets_come_along_where_wanted() {
        let buckets = vec![0, 0, 9];
        let of = histogram(
            &Log2 {
                buckets,
                cycles: 45,
            },
            true,
        );
        assert_eq!(of.bucket.len(), 10);
        let first = &of.bucket[0];
        assert_eq!((first.cumulative_count(), first.upper_bound()), (9, 255.0));
    }
}

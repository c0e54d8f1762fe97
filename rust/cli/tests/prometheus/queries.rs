// SPDX-License-Identifier: GPL-2.0

//! The dashboard's queries, put to Prometheus one by one.

use crate::running::Prometheus;
use serde_json::Value;

/// What Grafana would put in place of its variables.
const VARIABLES: [(&str, &str); 3] = [
    ("$__rate_interval", "5s"),
    ("$job", ".*"),
    ("$instance", ".*"),
];

/// Each gives data, but for those of metrics that there are not in `metrics`, which was scraped;
/// `known` has all that there can be.
pub fn of_the_dashboard(prometheus: &Prometheus, metrics: &str, known: &str) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/grafana/kvm-exits.json"
    );
    let dashboard = std::fs::read_to_string(path).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let (mut with_data, mut without) = (0, Vec::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let mut query = target["expr"].as_str().unwrap().to_string();
            for (variable, value) in VARIABLES {
                query = query.replace(variable, value);
            }
            assert!(!query.contains('$'), "{query}");
            let is_in = |text: &str, name: &str| text.contains(&format!("# TYPE {name} "));
            let unknown = names(&query).find(|name| !is_in(known, name));
            assert_eq!(unknown, None, "{query}");
            let data = prometheus.query(&query, None);
            if !data.is_empty() {
                with_data += 1;
            } else if names(&query).all(|name| is_in(metrics, name)) {
                panic!("no data: {query}");
            } else {
                without.push(query);
            }
        }
    }
    println!("{with_data} queries of the dashboard have data; of metrics that this recording lacks are {without:?}");
    assert!(with_data >= 8);
}

/// The metrics' names in a query.
fn names(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = words.filter(|word| word.starts_with("kvm_"));
    names.map(|name| name.strip_suffix("_bucket").unwrap_or(name))
}

// SPDX-License-Identifier: GPL-2.0

//! Recordings on a page, by the program: exits per second, and where nothing is known.

mod common;

use common::page::{all, below, number, page, text};
use common::{file, kvm_exits, stdout, values, Builder, TDP};
use kvm_exits::recording::{Recorder, Writer};
use scraper::{ElementRef, Html};
use std::time::Duration;

/// Pixels of the chart from top to bottom, in the units of its points.
const HEIGHT: f64 = 2_400.0;

/// A snapshot of these counts, by reason.
fn snapshot(generation: u32, counts: &[(u32, u64)]) -> Vec<u8> {
    let builder = Builder::new(generation, TDP);
    let add = |b: Builder, &(reason, n): &(u32, u64)| b.host_values(reason, values(n, n), &[]);
    let host = counts.iter().fold(builder, add);
    let vm = |b: Builder, &(reason, n): &(u32, u64)| b.vm_row(reason, n / 2, n / 2);
    counts.iter().fold(host.vm(4711, "vm", 1), vm).bytes()
}

/// Two recorders, ten minutes apart; the second one sees a reset.
fn recording(name: &str) -> String {
    let path = file(name);
    let _ = std::fs::remove_file(&path);
    let record = |from: u64, moments: &[(u32, u64)]| {
        let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
        for (second, &(generation, n)) in (from..).zip(moments) {
            let (at, since_boot) = (
                Duration::from_secs(1_000_000_000 + second),
                Duration::from_secs(second),
            );
            let counts: Vec<_> = (0..12)
                .map(|reason| (reason, 1 + n * u64::from(12 - reason)))
                .collect();
            writer
                .add_at(at, since_boot, &snapshot(generation, &counts))
                .unwrap();
        }
    };
    record(0, &[(1, 0), (1, 100), (1, 300), (1, 300)]);
    record(603, &[(1, 1_000), (1, 1_050), (2, 7), (2, 17)]);
    path.to_string_lossy().into_owned()
}

/// The exits that an area stands for, by its size.
fn exits(page: &Html, area: ElementRef<'_>) -> f64 {
    let id = area.attr("data-value").unwrap();
    let charts = all(page, ".rates").into_iter();
    let of = charts.filter(|chart| below(*chart, "polygon").contains(&area));
    let chart = of.last().expect(id);
    let points: Vec<_> = area.attr("points").unwrap().split_whitespace().collect();
    let point = |text: &str| {
        let (x, y) = text.split_once(',').unwrap();
        (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())
    };
    let points: Vec<_> = points.into_iter().map(point).collect();
    let next = points.iter().cycle().skip(1);
    let twice: f64 = points
        .iter()
        .zip(next)
        .map(|((x0, y0), (x1, y1))| x0 * y1 - x1 * y0)
        .sum();
    let seconds = number(chart, "data-elapsed") / 10_000.0;
    (twice / 2.0).abs() * seconds * number(chart, "data-to") / HEIGHT
}

#[test]
fn areas_are_the_exits() {
    let path = recording("rates-areas.recording");
    let page = page(&["show", "--from", &path]);
    let areas = all(&page, "#rates polygon");
    // Seven reasons and five others, in three runs.
    assert_eq!(areas.len(), 8 * 3);
    for area in &areas {
        let (drawn, exact) = (exits(&page, *area), number(*area, "data-value"));
        // Where the line is steep, a tenth of a pixel is some.
        assert!(
            (drawn - exact).abs() <= 0.03 * exact + 12.0,
            "{drawn} {exact}"
        );
    }
    // 300 + 50 + 10 rounds in all, as far as it was recorded: of reason 0 twelve a round.
    let first: f64 = all(&page, "#rates polygon[data-reason='0']")
        .iter()
        .map(|a| number(*a, "data-value"))
        .sum();
    assert_eq!(first, 12.0 * 360.0);
    let all_areas: f64 = areas.iter().map(|area| number(*area, "data-value")).sum();
    assert_eq!(all_areas, 78.0 * 360.0);
}

#[test]
fn gaps_and_generations_are_said() {
    let path = recording("rates-gaps.recording");
    let page = page(&["show", "--from", &path]);
    let section = text(all(&page, "#rates")[0]);
    assert!(section.contains("the recorder paused"), "{section}");
    // Drawn together, there would be nothing but the ten minutes between them.
    assert_eq!(all(&page, "#rates .rates").len(), 2);
    assert!(
        section.contains("From 2001-09-09 01:56:43 UTC"),
        "{section}"
    );
    assert_eq!(section.matches("generation 2").count(), 1, "{section}");
    assert!(section.contains("5 others"), "{section}");
    assert_eq!(
        text(all(&page, "header time")[0]),
        "2001-09-09 01:46:40 UTC to 2001-09-09 01:56:46 UTC"
    );
    let rows = all(&page, "#rates tbody tr");
    // 5 s were recorded, of which one was idle.
    assert_eq!(text(rows[0]), "EXCEPTION_NMI 4,320 864 0 2,400");
    assert_eq!(text(rows[12]), "all 28,080 5,616 0 15,600");
    // The figures are the last ones.
    let row = text(all(&page, "#reason-0")[0]);
    assert!(row.starts_with("0 EXCEPTION_NMI 205 "), "{row}");
}

#[test]
fn of_one_vm_and_of_the_list() {
    let path = recording("rates-vm.recording");
    let one = page(&["show", "--vm", "4711", "--from", &path]);
    let row = text(all(&one, "#rates tbody tr")[0]);
    assert_eq!(row, "EXCEPTION_NMI 2,160 432 0 1,200");
    let list = page(&["vms", "--from", &path]);
    assert_eq!(all(&list, "#rates polygon").len(), 8 * 3);
}

#[test]
fn one_moment_has_no_rate() {
    let path = file("rates-one.recording");
    let _ = std::fs::remove_file(&path);
    let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
    let second = Duration::from_secs(1_000_000_000);
    writer
        .add_at(second, second, &snapshot(1, &[(10, 5)]))
        .unwrap();
    let path = path.to_string_lossy();
    let page = page(&["show", "--from", &path]);
    assert_eq!(all(&page, "#rates").len(), 0);
    assert_eq!(
        text(all(&page, "header time")[0]),
        "2001-09-09 01:46:40 UTC"
    );
}

#[test]
fn a_long_one_is_no_long_page() {
    let path = file("rates-long.recording");
    let _ = std::fs::remove_file(&path);
    let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
    for n in 0..3_000u64 {
        let counts: Vec<_> = (0..20)
            .map(|reason| (reason, n * n % 977 + 1_000 * n))
            .collect();
        let second = Duration::from_secs(1_000_000_000 + n);
        writer
            .add_at(second, second, &snapshot(1, &counts))
            .unwrap();
    }
    // Within the bound of any page.
    let page = page(&["show", "--from", &path.to_string_lossy()]);
    let caption = text(all(&page, "#rates figcaption")[0]);
    assert!(caption.contains("A step is 8.0 s at most."), "{caption}");
    let whole = kvm_exits(&["show", "--csv", "--from", &path.to_string_lossy()]);
    assert!(stdout(&whole).lines().count() == 21);
}

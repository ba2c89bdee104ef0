//! Power curves: how often each law fails a dropout with a fault, measured, beside what theory says.

use crate::faulty::Faulty;
use crate::{theory, up_to_date, updating};
use dropout_oracle::conformance::statistics::Binomial;
use dropout_oracle::conformance::zoo::Served;
use dropout_oracle::conformance::{Config, Effort, Selection, conform};
use itertools::Itertools;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A fault that grows, and the law that sees it.
pub struct Family {
    pub law: &'static str,
    /// What its size is.
    pub fault: &'static str,
    /// Sizes that are measured.
    sizes: [f64; 6],
    /// How often each is.
    runs: u64,
    /// The sample size of quick runs, and of standard ones.
    pub samples: [u64; 2],
    /// The power at a sample size, where it is known.
    pub theory: Option<fn(u64, f64) -> f64>,
}

const RUNS: u64 = 40;

const fn family(law: &'static str, fault: &'static str, sizes: [f64; 6], samples: [u64; 2]) -> Family {
    Family { law, fault, sizes, runs: RUNS, samples, theory: None }
}

pub fn families() -> Vec<Family> {
    let with = |family: Family, theory: fn(u64, f64) -> f64| Family { theory: Some(theory), ..family };
    let means = |family: Family| Family { runs: 10, ..family };
    let (small, ties) = ([0.02, 0.025, 0.03, 0.035, 0.04, 0.05], [0.08, 0.09, 0.1, 0.11, 0.125, 0.15]);
    vec![
        with(family("S1", "added to the drop rate .3", small, [1 << 13, 1 << 20]), theory::rate),
        with(family("S2", "correlation of two of eight elements at p = .5", ties, [1 << 12, 1 << 17]), theory::pair),
        with(family("S3", "share of a mask that the next call repeats", ties, [1 << 12, 1 << 17]), theory::calls),
        with(
            family(
                "S4",
                "share of elements that repeat the one before",
                [0.05, 0.06, 0.07, 0.08, 0.09, 0.11],
                [1 << 13, 1 << 18],
            ),
            theory::lag,
        ),
        with(family("S5", "share of elements that repeat those 2¹⁶ before", ties, [1 << 12, 1 << 19]), theory::windows),
        with(
            family("S6", "added to the drop rate 2⁻²³", [1e-4, 2e-4, 3e-4, 5e-4, 7e-4, 1.2e-3], [1 << 14, 1 << 20]),
            theory::rare,
        ),
        with(
            family("S7", "relative error of the variance", [0.1, 0.13, 0.15, 0.17, 0.19, 0.24], [1 << 12, 1 << 18]),
            theory::variance,
        ),
        with(
            family("S8", "share of a slice that the next repeats", [0.3, 0.4, 0.5, 0.55, 0.6, 0.75], [1 << 7, 1 << 10]),
            theory::slices,
        ),
        with(
            family(
                "S9",
                "share of a mask that three replicas repeat",
                [0.1, 0.12, 0.14, 0.16, 0.18, 0.22],
                [1 << 11, 1 << 15],
            ),
            theory::replicas,
        ),
        means(family("S10", "added to a mean probability", [0.005, 0.01, 0.015, 0.02, 0.03, 0.05], [4_000, 20_000])),
        means(family(
            "S11",
            "relative error of the mean gradient",
            [0.01, 0.02, 0.025, 0.03, 0.04, 0.06],
            [4_000, 20_000],
        )),
    ]
}

/// One measured point.
pub struct Point {
    pub size: f64,
    pub runs: u64,
    pub failed: u64,
}

impl Family {
    /// How often the law fails the fault of the size of this index, in runs with seeds that no other size has.
    fn measure(&self, index: usize) -> Point {
        let (size, first) = (self.sizes[index], index as u64 * self.runs);
        let selection = Selection { laws: vec![self.law.into()], ..Selection::default() };
        let fails = |&seed: &u64| {
            let mut subject = Served::new("faulty", vec![Box::new(Faulty { law: self.law, size })]);
            let report = conform(&mut subject, &selection, Config { seed, effort: Effort::Quick }, |_| ());
            assert!(report.broken.is_none() && report.findings.len() == 1, "{report:#?}");
            report.findings[0].verdict.fails()
        };
        Point { size, runs: self.runs, failed: (first..first + self.runs).into_par_iter().filter(fails).count() as u64 }
    }

    fn line(&self, point: &Point) -> String {
        let theory = self.theory.map_or(String::new(), |power| format!("{:.4}", power(self.samples[0], point.size)));
        format!("{},{},{},{},{theory}\n", self.law, point.size, point.runs, point.failed)
    }
}

/// The points of every law: as `docs/power.csv` has them, or, under `UPDATE=1`, measured.
static POINTS: LazyLock<BTreeMap<&str, Vec<Point>>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/power.csv");
    let stored = if updating() { String::new() } else { std::fs::read_to_string(path).unwrap() };
    let of_law = |family: &Family| {
        let rows = stored.lines().map(|line| line.split(',').collect_vec()).filter(|row| row[0] == family.law);
        let number = |text: &str| text.parse().expect("a count");
        let read = |row: Vec<&str>| Point {
            size: row[1].parse().expect("a size"),
            runs: number(row[2]),
            failed: number(row[3]),
        };
        if updating() {
            (0..family.sizes.len()).map(|index| family.measure(index)).collect()
        } else {
            rows.map(read).collect()
        }
    };
    families().iter().map(|family| (family.law, of_law(family))).collect()
});

/// The points of a law.
pub fn points(law: &str) -> &'static [Point] {
    &POINTS[law]
}

#[test]
fn the_table_of_powers_is_that_of_the_families() {
    let mut table = String::from("law,size,runs,failed,theory\n");
    for family in families() {
        points(family.law).iter().for_each(|point| table.push_str(&family.line(point)));
        assert!(points(family.law).iter().map(|point| point.size).eq(family.sizes), "{}", family.law);
    }
    up_to_date("power.csv", &table);
}

/// The third point of each law, with the same seeds.
#[test]
fn what_is_measured_again_is_what_is_stored() {
    for family in families() {
        let again = family.measure(2);
        assert_eq!(again.failed, points(family.law)[2].failed, "{}", family.law);
    }
}

/// At a false-alarm rate of 1e-6 a point; and every law is seen to be blind to what is small and to see what is large.
#[test]
fn theory_and_measurement_agree() {
    for family in families() {
        let points = points(family.law);
        for Point { size, runs, failed } in points {
            let Some(power) = family.theory.map(|power| power(family.samples[0], *size).min(1.0)) else { continue };
            let p_value = Binomial::new(*runs, power).two_sided(*failed);
            assert!(p_value >= 1e-6, "{} at {size}: {failed} of {runs} for a power of {power:.4}", family.law);
        }
        let share = |point: &Point| point.failed as f64 / point.runs as f64;
        assert!(share(&points[0]) < 0.5 && share(&points[5]) > 0.5, "{}: the curve is not in the picture", family.law);
    }
}

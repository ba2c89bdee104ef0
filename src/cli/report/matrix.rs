//! Laws by implementations, with each implementation's layers below it.

use super::load::Results;
use super::state::State;
use crate::cli::Failure;
use dropout_oracle::conformance::law::{ALL, Law};
use dropout_oracle::conformance::{Finding, Report};
use itertools::Itertools;
use std::path::PathBuf;

/// The whole matrix: columns are laws, rows implementations.
pub struct Matrix {
    pub laws: Vec<&'static Law>,
    pub rows: Vec<Row>,
}

/// One implementation.
pub struct Row {
    pub path: PathBuf,
    pub report: Report,
}

impl Matrix {
    /// In an order that does not depend on that of the files; two results of one implementation are refused.
    pub fn new(results: Vec<Results>) -> Result<Self, Failure> {
        let rows = results.into_iter().map(|Results { path, report }| Row { path, report });
        let rows: Vec<_> = rows.sorted_by_cached_key(|row| (row.key(), row.path.clone())).collect();
        for (one, other) in rows.iter().tuple_windows() {
            if one.report.broken.is_none() && one.key() == other.key() {
                return Err(Failure::CouldNotRun(format!(
                    "{} and {} are both results of {}: give one of them",
                    one.path.display(),
                    other.path.display(),
                    one.who()
                )));
            }
        }
        let held = |law: &&Law| rows.iter().any(|row| row.report.findings.iter().any(|found| found.law == law.id));
        Ok(Self { laws: ALL.iter().filter(held).collect(), rows })
    }

    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.rows.iter().flat_map(|row| &row.report.findings)
    }
}

impl Row {
    /// What tells implementations apart.
    fn key(&self) -> [String; 4] {
        let who = &self.report.implementation;
        [&who.name, &who.version, &who.language, &who.device].map(String::clone)
    }

    /// Name and version with where it runs; a broken adapter has only its file.
    pub fn who(&self) -> String {
        let who = &self.report.implementation;
        match self.report.broken {
            Some(_) if who.name.is_empty() => self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            _ => format!("{} {} ({}, {})", who.name, who.version, who.language, who.device),
        }
    }

    /// Its layers, in the order of its adapter.
    pub fn layers(&self) -> Vec<&str> {
        self.report.findings.iter().map(|finding| &*finding.layer).unique().collect()
    }

    pub fn finding(&self, layer: &str, law: &Law) -> Option<&Finding> {
        self.report.findings.iter().find(|finding| finding.layer == layer && finding.law == law.id)
    }

    /// What the law says of each layer.
    pub fn states(&self, law: &Law) -> Vec<(&str, State)> {
        let state = |layer| self.finding(layer, law).map_or(State::NotRun, State::of);
        self.layers().into_iter().map(|layer| (layer, state(layer))).collect()
    }
}

//! The demo's findings as one HTML file without scripts or outside resources.

use super::document::Document;
use super::{figures, table};
use crate::cli::Failure;
use std::io::Write;
use std::path::Path;
use tempfile::NamedTempFile;

const PAGE: &str = include_str!("report.html");

/// Fails unless a report can be written there later.
pub fn check_writable(path: &Path) -> Result<(), Failure> {
    temporary(path).map(drop)
}

/// Writes the report under a temporary name and renames it, so that no half of a report is ever found.
pub fn write(path: &Path, document: &Document) -> Result<(), Failure> {
    let mut file = temporary(path)?;
    file.write_all(page(document).as_bytes()).map_err(|error| refused(path, &error))?;
    file.persist(path).map_err(|error| refused(path, &error.error))?;
    Ok(())
}

/// An empty file beside `path`, with the permissions that a new file gets; it goes when it is dropped.
fn temporary(path: &Path) -> Result<NamedTempFile, Failure> {
    if path.is_dir() {
        return Err(refused(path, &std::io::ErrorKind::IsADirectory.into()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let create = |name: &Path| std::fs::File::create_new(name);
    let file = tempfile::Builder::new().prefix(".report-").suffix(".tmp").make_in(folder, create);
    file.map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::CouldNotRun(format!("the report {} cannot be written: {error}", path.display()))
}

fn page(document: &Document) -> String {
    let [a, b] = document.pair;
    let seeds = document.seeds.len();
    let bars = if seeds > 1 { " Bars: one standard error." } else { "" };
    let error =
        figures::against_samples("error", "Test error against k", "test error, %", document, |row| &row.error_percent);
    let nll =
        figures::against_samples("nll", "Negative log-likelihood against k", "NLL, nats", document, |row| &row.nll);
    let histogram = figures::submodels("histogram", "Histogram of the sub-networks' test errors", document);
    let parts = [
        ("title", format!("Averaging every sub-network of a dropout network: digits {a} and {b}")),
        ("setup", table::setup(document).join(" ")),
        ("notes", table::notes(document).join(" ")),
        ("table", rows(document)),
        ("legend", table::LEGEND.map(|(name, meaning)| format!("<dt>{name}</dt><dd>{meaning}</dd>")).join("\n")),
        ("error", error),
        ("nll", nll),
        ("bars", bars.into()),
        ("histogram", histogram),
        (
            "histogram_caption",
            format!(
                "Test errors of {seeds} × {} sub-networks, each used alone. The line is the mean error of their AM.",
                document.submodels.count
            ),
        ),
        (
            "command",
            format!(
                "Made by dropout-oracle {}: <code>dropout-oracle demo --pair {a} {b} --seeds {seeds} --steps {}</code>.",
                env!("CARGO_PKG_VERSION"),
                document.training.steps
            ),
        ),
    ];
    parts.iter().fold(PAGE.to_string(), |page, (name, part)| page.replace(&format!("{{{{{name}}}}}"), part))
}

/// The table's rows.
fn rows(document: &Document) -> String {
    let row = |tag: &str, cells: [String; 5]| {
        let [name, figures @ ..] = cells;
        let scope = if tag == "th" { " scope=\"col\"" } else { "" };
        let figures = figures.map(|figure| format!("<{tag}{scope}>{figure}</{tag}>")).concat();
        let first = if tag == "th" { "col" } else { "row" };
        format!("<tr><th scope=\"{first}\">{name}</th>{figures}</tr>")
    };
    let head = row("th", table::HEADINGS.map(String::from));
    std::iter::once(head).chain(table::rows(document).map(|cells| row("td", cells))).collect::<Vec<_>>().join("\n")
}

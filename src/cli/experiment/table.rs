//! An outcome for people, and as CSV.

use crate::cli::Failure;
use comfy_table::{CellAlignment, Table, presets};
use dropout_oracle::experiment::{Experiment, Outcome};

/// A title, the table of means, the comparisons and what was published.
pub fn text(outcome: &Outcome) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let heads = outcome.measures.iter().map(|m| format!("{}\n{}", m.name, m.unit));
    table.set_header(["setting".to_string(), "chosen".into()].into_iter().chain(heads));
    for row in &outcome.settings {
        let cells = row.cells.iter().map(|cell| estimate(cell.mean, cell.standard_error));
        table.add_row([row.name.clone(), row.chosen.clone()].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let seeds = match outcome.seeds {
        1 => "1 seed".into(),
        seeds => format!("mean ± standard error over {seeds} seeds"),
    };
    let quick = if outcome.quick { ", quick" } else { "" };
    let mut text = format!("{}: {}\n({seeds}{quick})\n{table}\n", outcome.experiment, outcome.question);
    for compared in &outcome.comparisons {
        let ([first, measure], [second, other]) = (compared.first, compared.second);
        let names = if first == second {
            format!("{first}: {measure} − {other}")
        } else {
            format!("{measure}: {first} − {second}")
        };
        let difference = estimate(compared.difference, compared.standard_error);
        let (p, verdict) = (compared.p_value, compared.verdict.sentence());
        text += &format!("  {names} = {difference}, p = {p:.2}: {verdict}\n");
    }
    // The smallest p-value there can be: both patterns of one sign out of 2^seeds.
    let smallest = 2f64 / (1u64 << outcome.seeds) as f64;
    if smallest > 0.05 {
        text += &format!("  With so few seeds no difference can be significant (p is at least {smallest:.2}).\n");
    }
    text + &format!(
        "  chosen: by validation error, with other seeds\n  \
         p: exact two-sided sign-flip test over paired seeds, significant at .05, not corrected for several \
         comparisons\nPublished: {}\n",
        outcome.published
    )
}

/// One line an experiment.
pub fn list(experiments: &[&Experiment]) -> String {
    let width = experiments.iter().map(|experiment| experiment.name.len()).max().unwrap_or(0);
    let line = |experiment: &&Experiment| format!("{:width$}  {}\n", experiment.name, experiment.question);
    experiments.iter().map(line).collect()
}

/// One line a setting and measure.
pub fn csv(outcome: &Outcome) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["setting", "chosen", "measure", "unit", "mean", "standard_error", "seeds"])?;
    for row in &outcome.settings {
        for (cell, measure) in row.cells.iter().zip(&outcome.measures) {
            let error = cell.standard_error.map_or(String::new(), |error| error.to_string());
            let (mean, seeds) = (cell.mean.to_string(), cell.values.len().to_string());
            writer.write_record([&row.name, &row.chosen, measure.name, measure.unit, &mean, &error, &seeds])?;
        }
    }
    Ok(writer.into_inner()?)
}

/// `3.11 ± 0.20`.
fn estimate(mean: f64, standard_error: Option<f64>) -> String {
    match standard_error {
        Some(error) => format!("{mean:.3} ± {error:.3}"),
        None => format!("{mean:.3}"),
    }
}

//! What `ensemble` says to people.

mod enclosures;

use super::Sampling;
use super::method::{Chosen, Way};
use super::report::{Prediction, Report};
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use dropout_oracle::Model;
use dropout_oracle::model::{Convention, HeadKind};
use itertools::Itertools;
use std::fmt::Write;

/// The network, what the columns mean, and the predictions.
pub fn text(sampling: &Sampling, model: &Model, chosen: &Chosen, report: &Report) -> String {
    let any = |has: fn(&Prediction) -> bool| report.predictions.iter().any(has);
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes any text");
    let enumerated = match &chosen.way {
        Way::None => "not enumerated",
        Way::Definition => "all enumerated",
        Way::Fast => "all enumerated by split tables",
        Way::Mean(_) => "not enumerated, and yet all in the mean",
    };
    line(format!(
        "Network {}; droppable units: {}; sub-models: {}, {enumerated}",
        model.shape(),
        report.units,
        report.masks
    ));
    let convention = match model.convention() {
        Convention::Standard => {
            "Standard convention: sub-models use kept units as they are, weight scaling multiplies every unit by p"
        }
        Convention::Inverted => {
            "Inverted convention: sub-models divide kept units by p, weight scaling is the network as it stands"
        }
    };
    if let Way::Fast | Way::Mean(_) = chosen.way {
        line(format!("Method: {}", chosen.because));
    }
    line(format!("KEEP probabilities p: {}", keep(model)));
    line(convention.into());
    line(String::new());
    if chosen.way != Way::None {
        line("AM   arithmetic mean of the predictions of all sub-models (equation 7.53)".into());
    }
    if enumerates(chosen) {
        line(
            "NGM  normalised geometric mean of all sub-models (equations 7.54, 7.55); ln Z is the logarithm of its"
                .into(),
        );
        line("     mass before it is normalised, 0 if all sub-models agree".into());
    }
    line("WS   weight scaling: the network once, at the mean of its multipliers (equations 7.63-7.66)".into());
    if let Some(samples) = sampling.monte_carlo {
        line(format!("MC   mean of {samples} sampled sub-models (seed {}), an estimate of AM", sampling.seed));
        line("s.e. standard error of MC".into());
    }
    if any(|prediction| prediction.negative_log_likelihood.is_some()) {
        line("−ln p    negative log-likelihood of the target".into());
        line("E −ln p  mean of that over all sub-models, what dropout training minimises".into());
        if !enumerates(chosen) {
            line("−ln NGM  that of the geometric mean; E −ln p less it is the sub-models' disagreement".into());
        }
    }
    line(String::new());
    line(table(sampling, model, chosen, report).trim_fmt());
    if any(|prediction| prediction.certified.is_some()) {
        line(String::new());
        line(
            "The real numbers, for exactly these weights, probabilities and inputs: they begin with these digits, or"
                .into(),
        );
        line(
            "lie in [these ends]; KL is the divergence KL(AM ‖ ·). Last, how far the numbers above are off at most."
                .into(),
        );
        line(String::new());
        line(enclosures::table(quantity(model), report).trim_fmt());
    }
    text
}

/// Whether all masks are, so that there is a geometric mean.
fn enumerates(chosen: &Chosen) -> bool {
    matches!(chosen.way, Way::Definition | Way::Fast)
}

/// What an output is.
fn quantity(model: &Model) -> &'static str {
    match model.head_kind() {
        HeadKind::Softmax => "probability of class",
        HeadKind::Bernoulli => "probability of 1 in output",
        HeadKind::Gaussian { .. } => "mean of output",
        HeadKind::Poisson => "rate of output",
    }
}

/// The predictions, one line an output.
fn table(sampling: &Sampling, model: &Model, chosen: &Chosen, report: &Report) -> Table {
    let mut header = vec!["input", quantity(model)];
    header.extend((chosen.way != Way::None).then_some("AM"));
    header.extend(enumerates(chosen).then_some("NGM"));
    header.push("WS");
    header.extend(if sampling.monte_carlo.is_some() { &["MC", "s.e."][..] } else { &[] });
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    for (row, prediction) in report.predictions.iter().enumerate() {
        for output in 0..prediction.weight_scaling.len() {
            let input = if output == 0 { row.to_string() } else { String::new() };
            table.add_row([input, output.to_string()].into_iter().chain(cells(prediction, output)));
        }
        if let Some(log_mass) = prediction.log_geometric_mass {
            table.add_row(["".into(), "ln Z".into(), "".into(), number(log_mass)]);
        }
        if let Some(of) = &prediction.negative_log_likelihood {
            let geometric = enumerates(chosen).then_some(of.geometric_mean);
            let mean = of.arithmetic_mean.map_or("unknown".into(), number);
            let numbers = geometric.into_iter().chain([of.weight_scaling]).map(number);
            table.add_row(["".into(), "−ln p".into(), mean].into_iter().chain(numbers));
            table.add_row(["", "E −ln p", &number(of.expected)]);
            if !enumerates(chosen) {
                table.add_row(["", "−ln NGM", &number(of.geometric_mean)]);
            }
        }
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// One output by every means, in the order of the header.
fn cells(prediction: &Prediction, output: usize) -> Vec<String> {
    let at = |values: &Option<Vec<f64>>| values.as_ref().map(|values| number(values[output]));
    let mut cells: Vec<_> =
        [at(&prediction.arithmetic_mean), at(&prediction.geometric_mean)].into_iter().flatten().collect();
    cells.push(number(prediction.weight_scaling[output]));
    if let Some(estimate) = &prediction.monte_carlo {
        cells.push(number(estimate.mean[output]));
        cells.push(at(&estimate.standard_error).unwrap_or("none".into()));
    }
    cells
}

/// Six digits: what a person compares. JSON has them all.
fn number(value: f64) -> String {
    let scientific = value != 0.0 && !(1e-3..1e6).contains(&value.abs());
    if scientific { format!("{value:.5e}") } else { format!("{value:.6}") }
}

/// The KEEP probabilities in the order of the units, runs of equal ones together.
fn keep(model: &Model) -> String {
    let mut next = 0;
    let runs = model.keep().iter().dedup_with_count().map(|(count, p)| {
        let first = next;
        next += count;
        if count == 1 { format!("{p} (unit {first})") } else { format!("{p} (units {first} to {})", next - 1) }
    });
    if model.keep().is_empty() { "all 1".into() } else { runs.collect_vec().join(", ") }
}

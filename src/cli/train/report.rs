//! What is printed.

use super::compare::{Comparison, Predictor};
use super::course::Look;
use super::data::Sets;
use super::method::MethodSpec;
use super::run::Done;
use super::score::error_name;
use comfy_table::{LineStyle, Table, presets};
use dropout_oracle::Model;
use dropout_oracle::data::Examples;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What came of a training; `schemas/train-1.schema.json` says the same to programs.
#[derive(Serialize)]
pub struct Report<'a> {
    format: &'static str,
    network: String,
    /// The members, if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    committee: Vec<String>,
    shape: String,
    method: &'static str,
    examples: Counts,
    steps: u64,
    /// The steps behind the network that was kept.
    kept_step: u64,
    /// The largest entry of the objective's gradient at the end, of a method without noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    gradient: Option<f64>,
    error: &'static str,
    looks: &'a [Look],
    #[serde(flatten)]
    comparison: Comparison,
    /// [`MethodSpec::note`].
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Counts {
    train: usize,
    validation: usize,
    test: usize,
}

impl<'a> Report<'a> {
    pub fn new(
        network: &Path,
        committee: &[PathBuf],
        method: MethodSpec,
        model: &Model,
        sets: &Sets,
        done: &'a Done,
        comparison: Comparison,
    ) -> Self {
        let count = |set: &Option<Examples>| set.as_ref().map_or(0, Examples::count);
        Self {
            format: "dropout-oracle/train-1",
            network: network.display().to_string(),
            committee: committee.iter().map(|member| member.display().to_string()).collect(),
            shape: model.shape(),
            method: method.name,
            examples: Counts {
                train: sets.train.count(),
                validation: count(&sets.validation),
                test: count(&sets.test),
            },
            steps: done.steps,
            kept_step: done.kept_step,
            gradient: done.slope,
            error: error_name(model.head_kind()),
            looks: &done.course.looks,
            comparison,
            note: method.note(),
        }
    }
}

/// For people.
pub fn text(report: &Report<'_>) -> String {
    let Report { network, shape, method, examples, steps, kept_step, looks, .. } = report;
    let Counts { train, validation, test } = examples;
    let mut text = format!(
        "Trained {shape} for {steps} steps on {train} examples ({validation} for validation, {test} for test), method \
         {method}.\n"
    );
    let number = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.4}"));
    let error = report.error.replace('_', " ");
    match (looks.last(), report.gradient) {
        (Some(last), Some(gradient)) => {
            text += &format!("Expected loss: {}, no entry of the gradient above {gradient:.1e}\n", number(last.loss));
        }
        (Some(last), None) => text += &format!("Loss of the last minibatches: {}\n", number(last.loss)),
        (None, _) => {}
    }
    let kept = looks.iter().find(|look| look.step == *kept_step).and_then(|look| look.validation);
    if let Some(score) = kept {
        text += &format!(
            "Validation at step {kept_step}, which was kept: NLL {}, {error} {:.4}\n",
            number(score.nll),
            score.error
        );
    }
    if !report.comparison.test.is_empty() {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
        table.set_header(["test examples".into(), "NLL".into(), error]);
        for Predictor { name, samples, score } in &report.comparison.test {
            let of = samples.map_or(String::new(), |k| format!(" ({k})"));
            table.add_row([name.replace('_', " ") + &of, number(score.nll), format!("{:.4}", score.error)]);
        }
        text += &format!("\n{table}\n");
    }
    for remark in [&report.comparison.no_exact_means, &report.note].into_iter().flatten() {
        text += &format!("{remark}\n");
    }
    if !report.committee.is_empty() {
        text += &format!("\nThe members of the committee are in {}.", report.committee.join(", "));
    }
    text + &format!(
        "\nThe network is in {network}; `dropout-oracle ensemble --net {network}` averages its sub-networks."
    )
}

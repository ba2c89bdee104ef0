//! The demo's findings as text.

use super::document::Document;
use comfy_table::{CellAlignment, Table, presets};

/// What each predictor is, for readers of table and report.
pub const LEGEND: [(&str, &str); 4] = [
    ("WS", "weight scaling: one pass of the whole network, at the mean of the masks"),
    ("NGM", "normalised geometric mean of all sub-networks' predictions"),
    ("AM", "arithmetic mean of all sub-networks' predictions"),
    ("MC k", "Monte Carlo: arithmetic mean over k sampled sub-networks for each image"),
];

/// The columns' headings.
pub const HEADINGS: [&str; 5] = ["predictor", "test error %", "NLL (nats)", "distance to AM", "distance to NGM"];

/// The cells of each predictor.
pub fn rows(document: &Document) -> impl Iterator<Item = [String; 5]> {
    document.predictors.iter().map(|row| {
        [
            row.name.clone(),
            row.error_percent.show(2),
            row.nll.show(3),
            row.distance_to_am.show(4),
            row.distance_to_ngm.show(4),
        ]
    })
}

/// What was done, one sentence a line.
pub fn setup(document: &Document) -> [String; 4] {
    let Document { pair: [a, b], network, training, examples, seeds, submodels, .. } = document;
    let networks = if seeds.len() == 1 { "1 network".into() } else { format!("{} networks", seeds.len()) };
    [
        format!("{networks} of shape {} (ReLU, softmax), trained with dropout to tell {a} from {b}.", network.shape),
        format!(
            "Hidden units are kept with probability {}, inputs always: {} sub-networks, all enumerated for every test \
             image.",
            network.keep[1], submodels.count
        ),
        format!(
            "Training: {} steps on minibatches of {}, learning rate {} decaying linearly to 0, momentum {}.",
            training.steps, training.batch, training.learning_rate, training.momentum
        ),
        format!("Each seed splits the images at random: {} to train on, {} to test on.", examples.train, examples.test),
    ]
}

/// How the figures are to be read, one sentence a line.
pub fn notes(document: &Document) -> Vec<String> {
    let spread = match document.seeds.len() {
        1 => "One seed only, so no standard errors.".into(),
        seeds => format!("Figures are mean ± standard error over {seeds} seeds (split, initial weights and masks)."),
    };
    vec![
        spread,
        "Distance: total variation ½ Σ|p − q| between two predictions, mean over the test images.".into(),
        format!(
            "A single sub-network errs on {} % of the test images, on average.",
            document.submodels.error_percent.show(2)
        ),
    ]
}

/// The whole text.
pub fn text(document: &Document) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(HEADINGS).add_rows(rows(document));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let legend = LEGEND.map(|(name, meaning)| format!("{name:<5}{meaning}"));
    let parts = [setup(document).join("\n"), table.to_string(), legend.join("\n"), notes(document).join("\n")];
    parts.join("\n\n")
}

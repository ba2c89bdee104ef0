//! The table of `--certified`.

use super::super::report::{Certified, Enclosure, Losses, Report};
use super::{CellAlignment, LineStyle, Table, number, presets};

/// Digits on which the ends must agree to be shown as one number.
const SHOWN: usize = 6;

/// Certain digits that are shown at most: what tells apart any two `f64`.
const CERTAIN: usize = 17;

/// Every enclosure, and for each input the largest error bound of its numbers.
pub fn table(quantity: &str, report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(["input", quantity, "AM", "NGM", "WS"]);
    for (row, prediction) in report.predictions.iter().enumerate() {
        let Some(certified) = &prediction.certified else { continue };
        add(&mut table, row, certified);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn add(table: &mut Table, row: usize, of: &Certified) {
    let mut line = |name: String, am: String, ngm: String, ws: String| {
        let input = if name == "0" { row.to_string() } else { String::new() };
        table.add_row([input, name, am, ngm, ws]);
    };
    for output in 0..of.arithmetic_mean.len() {
        let [am, ngm, ws] = [&of.arithmetic_mean, &of.geometric_mean, &of.weight_scaling].map(|of| text(&of[output]));
        line(output.to_string(), am, ngm, ws);
    }
    line("ln Z".into(), String::new(), text(&of.log_geometric_mass), String::new());
    if let Some(kl) = &of.divergence_from_arithmetic_mean {
        line("KL".into(), String::new(), text(&kl.geometric_mean), text(&kl.weight_scaling));
    }
    if let Some(Losses { arithmetic_mean, geometric_mean, weight_scaling }) = &of.negative_log_likelihood {
        line("−ln p".into(), text(arithmetic_mean), text(geometric_mean), text(weight_scaling));
    }
    let bounds = &of.error_bounds;
    let losses = bounds.negative_log_likelihood.as_ref();
    let largest = |numbers: &[f64], loss: Option<f64>| {
        number(numbers.iter().copied().chain(loss).fold(0.0, |a, b| if b > a { b } else { a }))
    };
    let [am, ws] = [
        largest(&bounds.arithmetic_mean, losses.map(|of| of.arithmetic_mean)),
        largest(&bounds.weight_scaling, losses.map(|of| of.weight_scaling)),
    ];
    let ngm = [&bounds.geometric_mean[..], &[bounds.log_geometric_mass]].concat();
    line("off by at most".into(), am, largest(&ngm, losses.map(|of| of.geometric_mean)), ws);
}

/// The number itself if it is one, else the digits that the ends agree on, else the ends.
fn text(Enclosure { lo, hi, f64: [low, high] }: &Enclosure) -> String {
    if low == high {
        return low.to_string();
    }
    let (mantissa, exponent) = lo.split_once('e').unwrap_or((lo, "0"));
    let same = lo.bytes().zip(hi.bytes()).take_while(|(a, b)| a == b).count();
    // Before the first digit that counts there can be a sign, after it a point.
    let sign = usize::from(lo.starts_with('-'));
    if same < sign + 1 + SHOWN || !hi.ends_with(&lo[mantissa.len()..]) {
        return format!("[{low:e}, {high:e}]");
    }
    let (sign, digits) = mantissa[..same.min(sign + 1 + CERTAIN)].split_at(sign);
    match exponent {
        "0" => format!("{sign}{digits}…"),
        "-1" | "-2" | "-3" => {
            let zeros = &"00"[..exponent[1..].parse::<usize>().map_or(0, |places| places - 1)];
            format!("{sign}0.{zeros}{}…", digits.replace('.', ""))
        }
        _ => format!("{sign}{digits}…e{exponent}"),
    }
}

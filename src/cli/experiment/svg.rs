//! An outcome as a figure: one panel a unit, one line a setting and measure, a dot at the mean and a bar of one standard
//! error to each side.

use dropout_oracle::experiment::Outcome;

const LINE: usize = 20;
const LEFT: usize = 260;
const PLOT: usize = 380;
const MARGIN: usize = 24;
/// Above and below the lines of a panel: its unit, and its axis.
const HEAD: usize = 26;
const AXIS: usize = 30;

/// The whole file.
pub fn figure(outcome: &Outcome) -> String {
    let mut units: Vec<&str> = outcome.measures.iter().map(|measure| measure.unit).collect();
    units.dedup();
    let (mut body, mut top) = (String::new(), 3 * MARGIN);
    for unit in units {
        let rows = rows(outcome, unit);
        body += &panel(unit, &rows, top);
        top += HEAD + rows.len() * LINE + AXIS + MARGIN;
    }
    let width = LEFT + PLOT + 2 * MARGIN;
    let title = escape(&format!("{}: {}", outcome.experiment, outcome.question));
    let name = escape(outcome.experiment);
    let quick = if outcome.quick { ", quick" } else { "" };
    let seeds = format!("mean ± standard error over the seeds, {} of them{quick}", outcome.seeds);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {top}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{top}\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"{MARGIN}\" font-size=\"14\" font-weight=\"bold\">{name}</text>\n\
         <text x=\"{MARGIN}\" y=\"{}\">{seeds}</text>\n{body}</svg>\n",
        MARGIN + LINE
    )
}

/// Label, mean and standard error.
type Row = (String, f64, f64);

/// The lines of a unit's panel, measure by measure.
fn rows(outcome: &Outcome, unit: &str) -> Vec<Row> {
    let measures = outcome.measures.iter().enumerate().filter(|(_, measure)| measure.unit == unit);
    let alone = outcome.measures.len() == 1;
    let lines = measures.flat_map(|(i, measure)| {
        outcome.settings.iter().map(move |row| {
            let label = if alone { row.name.clone() } else { format!("{}, {}", row.name, measure.name) };
            (label, row.cells[i].mean, row.cells[i].standard_error.unwrap_or(0.0))
        })
    });
    lines.collect()
}

fn panel(unit: &str, rows: &[Row], top: usize) -> String {
    let low = rows.iter().map(|(_, mean, error)| mean - error).fold(0.0, f64::min);
    let high = rows.iter().map(|(_, mean, error)| mean + error).fold(0.0, f64::max);
    let (step, decimals) = step(high - low);
    let (first_tick, last_tick) = ((low / step).floor() as i32, (high / step).ceil().max(1.0) as i32);
    let (low, span) = (f64::from(first_tick) * step, f64::from(last_tick - first_tick) * step);
    let x = |value: f64| LEFT as f64 + (value - low) / span * PLOT as f64;
    let first = top + HEAD;
    let bottom = first + rows.len() * LINE;
    let mut svg = format!("<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>\n", top + 12, escape(unit));
    for value in (first_tick..=last_tick).map(|tick| f64::from(tick) * step) {
        let x = x(value);
        svg += &format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{first}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\n\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{value:.decimals$}</text>\n",
            bottom + 16
        );
    }
    for (i, (label, mean, error)) in rows.iter().enumerate() {
        let y = first + i * LINE + LINE / 2;
        let (from, to, mean) = (x(mean - error), x(mean + error), x(*mean));
        svg += &format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <line x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#1f5f99\" stroke-width=\"2\"/>\n\
             <circle cx=\"{mean:.1}\" cy=\"{y}\" r=\"4\" fill=\"#1f5f99\"/>\n",
            LEFT - 10,
            y + 4,
            escape(label)
        );
    }
    svg
}

/// The largest of 1, 2 and 5 times a power of ten of which there are at least four in the span, and its decimal places; 1
/// for no span. By arithmetic alone, so that the file has the same bytes everywhere.
fn step(span: f64) -> (f64, usize) {
    let (mut power, mut decimals) = (1.0, 0);
    if span > 0.0 {
        while 40.0 * power <= span {
            power *= 10.0;
        }
        while 4.0 * power > span {
            power /= 10.0;
            decimals += 1;
        }
    }
    let steps = [5.0, 2.0].map(|digit| digit * power);
    (steps.into_iter().find(|step| 4.0 * step <= span).unwrap_or(power), decimals)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

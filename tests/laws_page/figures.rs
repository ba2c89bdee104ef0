//! The figures of the page, black on white wherever they are shown.

use crate::power::{Family, families, points};
use crate::up_to_date;
use dropout_oracle::Real;
use dropout_oracle::conformance::statistics::smallest_shift;
use itertools::Itertools;
use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, LineStyle, ScatterPlot, legend::LegendPosition};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;

const BLACK: &str = "#1a1a1a";

fn line(points: impl IntoIterator<Item = (f64, f64)>, dashes: &str, color: &str, legend: String) -> Plot {
    let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(2.0).with_legend(legend);
    Plot::Line(if dashes.is_empty() { line } else { line.with_line_style(LineStyle::Custom(dashes.into())) })
}

fn svg(plots: Vec<Plot>, x: &str, y: &str, settle: impl FnOnce(Layout) -> Layout) -> String {
    let layout = Layout::auto_from_plots(&plots)
        .with_log_x()
        .with_x_label(x)
        .with_y_label(y)
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false)
        .with_width(560.0)
        .with_height(400.0);
    SvgBackend.render_scene(&render_multiple(plots, settle(layout))) + "\n"
}

/// Curves of smallest detectable shifts.
#[test]
fn the_curve_of_smallest_shifts_is_that_of_the_test() {
    let drawn = [(0.5, "", BLACK), (0.1, "9 5", "#0b5394"), (0.01, "12 4 2 4", "#a04000"), (0.001, "2 4", "#00664b")];
    let sizes: Vec<u64> = (0..6).flat_map(|power| [100, 178, 316, 562].map(|n| n * 10u64.pow(power))).collect();
    let plots = drawn.map(|(drop, dashes, color)| {
        let points = sizes.iter().map(|&n| (n as f64, smallest_shift(n, drop, 1e-9, 1e-6)));
        // A shift beyond the other end is none.
        line(points.filter(|(_, shift)| drop + shift < 1.0), dashes, color, format!("p = {drop}"))
    });
    let labels = ("N, number of elements", "smallest shift that is seen");
    up_to_date("smallest-shift.svg", &svg(plots.into(), labels.0, labels.1, Layout::with_log_y));
}

fn curve(family: &Family) -> String {
    let points = points(family.law);
    let [from, to] = [points[0].size, points[5].size];
    let mut plots = Vec::new();
    if let Some(power) = family.theory {
        // From a hundredth of the smallest measured size on, so that the standard effort is in the picture.
        let sizes = |from: f64| {
            (0..=80).map(|i| from * Real::exp(Real::ln(to * 1.5 / from) * f64::from(i) / 80.0)).collect_vec()
        };
        let theory =
            |n: u64, from: f64| sizes(from).into_iter().map(move |size| (size, power(n, size.min(1.0)).min(1.0)));
        let [quick, standard] = family.samples;
        let scale = (quick as f64 / standard as f64).sqrt();
        plots.push(line(theory(quick, from * scale / 2.0), "", BLACK, format!("theory, N = {quick}")));
        if standard > quick {
            let legend = format!("theory, N = {standard}");
            plots.push(line(theory(standard, from * scale / 2.0), "9 5", "#0b5394", legend));
        }
    }
    let shares = points.iter().map(|point| (point.size, point.failed as f64 / point.runs as f64));
    let measured = ScatterPlot::new().with_data(shares).with_color("#a04000").with_size(4.0);
    let legend = format!("measured, N = {}", family.samples[0]);
    plots.push(Plot::Scatter(measured.with_marker(MarkerShape::Circle).with_legend(legend)));
    svg(plots, family.fault, "probability of failing", |layout| layout.with_y_axis_min(-0.04).with_y_axis_max(1.04))
}

#[test]
fn the_power_curves_are_those_of_the_laws() {
    for family in families() {
        up_to_date(&format!("power-{}.svg", family.law), &curve(&family));
    }
}

//! The report's plots as SVG. Every colour is a CSS variable of the report, so that it decides on light and dark; lines
//! differ in dashes and markers too.

use super::document::{Document, Measured, Row};
use kuva::backend::svg::SvgBackend;
use kuva::plot::legend::LegendPosition;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{Histogram, LinePlot, LineStyle, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use kuva::render::theme::Theme;

/// Colour (a CSS variable), dashes and width of an exact predictor's line. The first is wide and pale, to be seen under the
/// others where they coincide.
fn style(name: &str) -> (&'static str, &'static str, f64) {
    match name {
        "WS" => ("var(--ws)", "", 6.0),
        "NGM" => ("var(--ngm)", "9 6", 2.0),
        _ => ("var(--am)", "12 4 2 4", 2.0),
    }
}

/// A figure of Monte Carlo against k (logarithmic), with the exact predictors as horizontal lines.
pub fn against_samples(id: &str, title: &str, unit: &str, document: &Document, of: fn(&Row) -> &Measured) -> String {
    let points: Vec<(f64, f64)> = document.monte_carlo().map(|(k, row)| (k as f64, of(row).mean)).collect();
    let errors = document.monte_carlo().map(|(_, row)| of(row).standard_error.unwrap_or(0.0));
    let (first, last) = (0.8 * points[0].0, 1.25 * points[points.len() - 1].0);
    let mut plots: Vec<Plot> = document
        .exact()
        .map(|row| {
            let (color, dash, width) = style(&row.name);
            let mean = of(row).mean;
            let line = LinePlot::new().with_data([(first, mean), (last, mean)]).with_color(color);
            let line = line.with_line_style(LineStyle::Custom(dash.into())).with_stroke_width(width);
            Plot::Line(line.with_legend(row.name.as_str()))
        })
        .collect();
    let curve = LinePlot::new().with_data(points.clone()).with_color("var(--mc)");
    let marks = ScatterPlot::new().with_data(points).with_y_err(errors).with_color("var(--mc)").with_size(4.0);
    plots.push(Plot::Line(curve));
    plots.push(Plot::Scatter(marks.with_marker(MarkerShape::Circle).with_legend("MC")));
    let layout = Layout::auto_from_plots(&plots)
        .with_log_x()
        .with_x_axis_min(first)
        .with_x_axis_max(last)
        .with_x_label("k, number of sampled sub-networks")
        .with_y_label(unit)
        .with_y_axis_min(0.0)
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false);
    svg(id, title, plots, layout)
}

/// The histogram of the sub-networks' test errors, with the exact predictors as vertical lines.
pub fn submodels(id: &str, title: &str, document: &Document) -> String {
    let histogram = &document.submodels.histogram;
    let total: usize = histogram.counts.iter().sum();
    let shares = histogram.counts.iter().map(|&count| 100.0 * count as f64 / total as f64);
    let bars = Histogram::from_bins(histogram.edges_percent.clone(), shares.collect()).with_color("var(--bar)");
    let plots = vec![Plot::Histogram(bars)];
    let arithmetic = document.exact().find(|row| row.name == "AM").expect("AM is always there");
    let (color, dash, width) = style("AM");
    let line = ReferenceLine::vertical(arithmetic.error_percent.mean).with_color(color).with_dasharray(dash);
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("test error of one sub-network, %")
        .with_y_label("% of sub-networks")
        .with_x_axis_min(0.0)
        .with_x_axis_max(100.0)
        .with_x_tick_step(20.0)
        .with_reference_line(line.with_stroke_width(width).with_label("AM of all"));
    svg(id, title, plots, layout)
}

fn svg(id: &str, title: &str, plots: Vec<Plot>, layout: Layout) -> String {
    let ink = || String::from("currentColor");
    let theme = Theme {
        background: "none".into(),
        axis_color: ink(),
        tick_color: ink(),
        text_color: ink(),
        grid_color: "var(--grid)".into(),
        legend_bg: "none".into(),
        legend_border: "none".into(),
        ..Theme::light()
    };
    let layout = layout.with_theme(theme).with_font_family("inherit").with_width(440.0).with_height(320.0);
    let scene = render_multiple(plots, layout);
    let (width, height) = (scene.width, scene.height);
    // Plots of one page must not share ids, and without a view box they would not scale.
    let head = format!("<svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width} {height}\" ");
    SvgBackend.render_scene(&scene).replacen("<svg ", &head, 1).replace("kuva-clip", &format!("{id}-clip"))
}

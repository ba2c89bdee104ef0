//! Learning curves as SVG.

use super::course::Look;
use kuva::backend::svg::SvgBackend;
use kuva::plot::legend::LegendPosition;
use kuva::plot::{LinePlot, LineStyle};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use kuva::render::theme::Theme;

/// The loss of training by this method, and of validation where there is one, against the steps taken; `kept` marks the
/// network that was written.
pub fn figure(looks: &[Look], kept: u64, method: &str) -> String {
    let points = |of: fn(&Look) -> Option<f64>| -> Vec<_> {
        looks.iter().filter_map(|look| Some((look.step as f64, of(look)?))).collect()
    };
    // Told apart by dashes too.
    let curves = [
        (format!("training, method {method}"), points(|look| look.loss), "#0072b2", ""),
        ("validation, weight scaling".into(), points(|look| look.validation?.nll), "#d55e00", "9 6"),
    ];
    let plots: Vec<Plot> = curves
        .into_iter()
        .filter(|(_, points, ..)| !points.is_empty())
        .map(|(name, points, color, dash)| {
            let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(2.0);
            Plot::Line(line.with_line_style(LineStyle::Custom(dash.into())).with_legend(name))
        })
        .collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_title(format!("learning curves; the network after step {kept} was kept"))
        .with_x_label("steps")
        .with_y_label("mean loss of an example")
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false)
        .with_theme(Theme::light())
        .with_width(640.0)
        .with_height(400.0);
    SvgBackend.render_scene(&render_multiple(plots, layout))
}

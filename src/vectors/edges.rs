//! The ends of the range of p, what lies beyond them, and inputs that are no numbers.

use super::builder::{Suite, TestBuilder};
use super::draw::Draw;
use super::format::{Bitset, Expected, Input, Numbers, VectorFile};
use crate::conformance::Dtype;

/// p = 0, p = 1, and what no p can be.
pub fn p_edges() -> VectorFile {
    let about = "Training at the ends of the range of p, the drop rate: p = 0 is the identity to the bit, p = 1 gives zeros in \
                 output and gradient (or is rejected, where the documentation says so). Beyond them p is rejected.";
    let mut draw = Draw::new(3);
    let mut suite = Suite::new("p_edges", about, &draw);
    for dtype in Dtype::ALL {
        let (x, g, shape) = (draw.dyadics(6), draw.dyadics(6), [6]);
        let test = |id: String, p: f64, comment: &str, flag: &str| {
            TestBuilder::new(format!("p_edges/{dtype}/{id}"), comment)
                .flags(&[flag])
                .input("p", Input::Numbers(Numbers::scalar(p)))
                .numbers("x", dtype, &shape, &x)
                .numbers("g", dtype, &shape, &g)
        };
        let exactly =
            |values: &[f64]| Expected::Exactly { exactly: Numbers::new(dtype, &shape, values.iter().copied()) };
        let at_one = |choice: &str| test(format!("one/{choice}"), 1.0, "p = 1 drops everything", "p-one");
        let mut tests = vec![
            test("zero".into(), 0.0, "p = 0 drops nothing", "p-zero-drops")
                .expect("y", exactly(&x))
                .expect("dx", exactly(&g)),
            at_one("zeros").expect("y", exactly(&[0.0; 6])).expect("dx", exactly(&[0.0; 6])).verdict("declared:zeros"),
            at_one("rejected").verdict("declared:rejected"),
        ];
        let beyond = [-0.1, -1.0, 1.0 + f64::EPSILON, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        tests.extend(
            beyond.map(|p| test(format!("reject/{p}"), p, "no probability", "p-unchecked").verdict("must_reject")),
        );
        suite.group(dtype, "inverted", tests);
    }
    suite.finish()
}

/// NaN, the infinities and −0, dropped and kept.
pub fn special_values() -> VectorFile {
    let about = "Training on NaN, infinities and signed zeros with a known mask at p = 1/2. Kept, they are doubled and so stay what \
                 they are. Dropped, an infinity or NaN gives 0 or NaN, as the documentation says; zeros may have either sign.";
    let mut suite = Suite::new("special_values", about, &Draw::new(0));
    for dtype in Dtype::ALL {
        let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0];
        let x: Vec<f64> = special.into_iter().chain(special).chain([1.0]).collect();
        let kept: Vec<bool> = (0..x.len()).map(|unit| unit < special.len()).collect();
        let shape = [x.len()];
        let tests = ["zero", "nan"].map(|choice| {
            let dropped = |x: f64| if x.is_finite() || choice == "zero" { 0.0 } else { f64::NAN };
            let y: Vec<f64> = x.iter().zip(&kept).map(|(&x, &kept)| if kept { 2.0 * x } else { dropped(x) }).collect();
            TestBuilder::new(
                format!("special_values/{dtype}/dropped-{choice}"),
                "special values, first kept, then dropped",
            )
            .flags(&["non-finite"])
            .input("p", Input::Numbers(Numbers::scalar(0.5)))
            .numbers("x", dtype, &shape, &x)
            .input("mask", Input::Mask(Bitset::new(&shape, &kept)))
            .expect("y", Expected::Exactly { exactly: Numbers::new(dtype, &shape, y) })
            .verdict(&format!("declared:{choice}"))
        });
        suite.group(dtype, "inverted", tests);
    }
    suite.finish()
}

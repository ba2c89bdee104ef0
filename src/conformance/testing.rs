//! The laws as tests of a crate's own dropout.

use super::law::ALL;
use super::subject::Subject;
use super::trial::Config;
use super::verdict::Verdict;

/// Holds one law against every layer of a subject, for a test.
///
/// # Panics
/// If there is no such law, or it fails, or the subject breaks.
pub fn assert_law(subject: &mut dyn Subject, id: &str) {
    let law = ALL.iter().find(|law| law.id == id).unwrap_or_else(|| panic!("there is no law {id}"));
    let description = subject.describe().unwrap_or_else(|failure| panic!("{failure}"));
    for layer in &description.layers {
        match law.verdict(subject, layer, Config::default()) {
            Verdict::Holds { .. } => {}
            Verdict::NotApplicable { why } => println!("{}: {id} not tested: {why}", layer.id),
            Verdict::AdapterFailed { why } => panic!("{}: {id} ({}): the subject broke: {why}", layer.id, law.name),
            Verdict::Fails { failure } => panic!("{}: {id} ({}): {}\n{failure:#?}", layer.id, law.name, law.statement),
        }
    }
}

/// One `#[test]` a law, for a subject that is made anew for each.
///
/// ```
/// use dropout_oracle::conformance::zoo::{Served, rights};
/// // any Subject, as an expression that makes one
/// dropout_oracle::conformance_tests!(Served::new("mine", vec![rights().remove(0).1]));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($subject:expr) => {
        $crate::conformance_tests! { $subject;
            l1_scale "L1", l2_linearity "L2", l3_mode "L3", l4_backward "L4", l5_second_order "L5", l6_identity "L6",
            l7_drop_all "L7", l8_domain "L8", l9_mode_history "L9", l10_aliasing "L10", l11_sharing "L11",
            l12_composition "L12", l13_mask_in_out "L13", l14_dtype_and_shape "L14", l15_alpha_dropout "L15",
            l16_seed "L16", l17_non_finite "L17", s1_keep_rate "S1", s2_joint_law "S2", s3_fresh_masks "S3",
            s4_inside_one_mask "S4", s5_large_index "S5", s6_rare_events "S6", s7_noise_moments "S7",
            s8_axes_and_time "S8", s9_replicas "S9", s10_predictor "S10", s11_training_step "S11",
        }
    };
    ($subject:expr; $($name:ident $law:literal),* $(,)?) => {
        $(#[test]
        fn $name() {
            $crate::conformance::assert_law(&mut $subject, $law);
        })*

        #[test]
        fn every_law_has_its_test() {
            let known = $crate::conformance::law::ALL.iter().map(|law| law.id);
            assert_eq!(known.collect::<Vec<_>>(), [$($law),*]);
        }
    };
}

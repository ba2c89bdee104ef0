//! Test vectors: inputs with what must come of them, as plain JSON for any language.
//!
//! Each operation is one file of `vectors/`, described by `schemas/vectors-1.schema.json`. Numbers are IEEE bits beside
//! decimals, masks are bitsets, and expected values are enclosures [lo, hi] of the real number with a budget of units in
//! the last place and its reason. Every expected value is computed in two ways, which must agree before it is written: by
//! definition over masks, and by the closed form, an enclosure or the trainer's own code.
//!
//! An id means the same test for ever. An implementation's results are judged by [`check::judge`].
//!
//! ```
//! use dropout_oracle::vectors::{suite, write};
//! let files = suite();
//! let masked = files.iter().find(|file| file.operation == "masked").unwrap();
//! assert_eq!(masked.number_of_tests, 32);
//! assert!(write(masked).starts_with("{\n\"format\": \"dropout-oracle/vectors-1\""));
//! ```

mod builder;
pub mod check;
mod draw;
mod edges;
mod ensembles;
mod flags;
pub mod format;
mod masked;
mod structured;
mod training;
mod ulps;

use format::VectorFile;
use serde::Serialize;

/// The version of the suite: it grows, and what stands in it stays.
pub const SUITE: &str = "1.0";

/// All files, computed anew.
pub fn suite() -> Vec<VectorFile> {
    vec![
        masked::masked(),
        masked::evaluation(),
        masked::scale(),
        edges::p_edges(),
        edges::special_values(),
        structured::dropconnect(),
        structured::shared_axes(),
        structured::alpha(),
        ensembles::ensembles(),
        training::expected_gradients(),
        training::ridge(),
        training::sgd(),
    ]
}

/// The bytes of a file: JSON with one test a line.
pub fn write(file: &VectorFile) -> String {
    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).expect("strings, numbers and lists of them")
    }
    let groups = file.groups.iter().map(|group| {
        let tests = itertools::join(group.tests.iter().map(json), ",\n");
        let (dtype, convention) = (json(&group.dtype), json(&group.convention));
        format!("{{\"dtype\": {dtype}, \"convention\": {convention}, \"tests\": [\n{tests}\n]}}")
    });
    let fields = [
        ("format", json(&file.format)),
        ("suite", json(&file.suite)),
        ("operation", json(&file.operation)),
        ("about", json(&file.about)),
        ("generator", json(&file.generator)),
        ("number_of_tests", json(&file.number_of_tests)),
        ("flags", json(&file.flags)),
        ("groups", format!("[\n{}\n]", itertools::join(groups, ",\n"))),
    ];
    let fields = fields.into_iter().map(|(name, value)| format!("\"{name}\": {value}"));
    format!("{{\n{}\n}}\n", itertools::join(fields, ",\n"))
}

//! The file of failures that are known.

use crate::cli::Failure;
use dropout_oracle::conformance::Expectation;
use dropout_oracle::conformance::law::ALL;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Expectation>,
}

/// Reads it, and refuses what could never match or says too little.
pub fn load(path: &Path) -> Result<Vec<Expectation>, Failure> {
    let wrong = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let file: File = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    for (i, expected) in file.expect.iter().enumerate() {
        let id = &expected.id;
        if !id.rsplit_once('/').is_some_and(|(_, law)| ALL.iter().any(|known| known.id == law)) {
            return Err(wrong(format!("{id:?} is not LAYER/LAW, as in torch.nn.Dropout/L8")));
        }
        if file.expect[..i].iter().any(|before| before.id == *id) {
            return Err(wrong(format!("{id:?} is listed twice")));
        }
        if expected.reason.trim().is_empty() || !expected.issue.starts_with("http") {
            return Err(wrong(format!("{id:?} needs a reason, and the URL of an issue")));
        }
    }
    Ok(file.expect)
}

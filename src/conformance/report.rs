//! Every chosen law held against every chosen layer.

use super::law::{ALL, Law};
use super::layer::{Implementation, Level};
use super::smoke::smoke;
use super::subject::Subject;
use super::trial::{Config, Effort};
use super::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Which laws and layers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Ids of laws; empty: all.
    pub laws: Vec<String>,
    /// Ids of layers; empty: all.
    pub layers: Vec<String>,
    /// The highest level; none: all.
    pub level: Option<Level>,
}

impl Selection {
    fn law(&self, law: &Law) -> bool {
        let low = self.level.is_none_or(|highest| law.needs.levels.iter().all(|&level| level <= highest));
        low && (self.laws.is_empty() || self.laws.iter().any(|id| id.eq_ignore_ascii_case(law.id)))
    }

    fn layer(&self, id: &str) -> bool {
        self.layers.is_empty() || self.layers.iter().any(|chosen| chosen == id)
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The format of this document.
    pub format: &'static str,
    /// The version of the oracle.
    pub oracle: String,
    /// Whose dropout it is.
    pub implementation: Implementation,
    /// The seed of all random choices.
    pub seed: u64,
    /// How much was spent.
    pub effort: Effort,
    /// Why the adapter cannot be used at all, if it cannot: then there are no findings.
    pub broken: Option<String>,
    /// One entry a layer and law.
    pub findings: Vec<Finding>,
}

/// What one law says of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The layer's id.
    pub layer: String,
    /// The law's id.
    pub law: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The claim that it rests on.
    pub claim: &'static str,
    /// The promised probability of a false alarm.
    pub false_alarm: f64,
    /// What it says.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Why it is expected to fail, if it is.
    pub expected: Option<Expectation>,
    /// The command that gives just this failure again.
    pub reproduce: Option<String>,
}

/// A failure that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The finding: the layer's id, a slash, the law's id.
    pub id: String,
    /// Why it is so for now.
    pub reason: String,
    /// Where that is followed.
    pub issue: String,
}

impl Finding {
    /// The layer's id, a slash, the law's id.
    pub fn id(&self) -> String {
        format!("{}/{}", self.layer, self.law)
    }

    /// Whether it speaks against the implementation: a failure that is not expected, or an expected one that holds.
    pub fn is_surprise(&self) -> bool {
        match &self.expected {
            None => self.verdict.fails(),
            Some(_) => self.verdict.holds(),
        }
    }
}

/// How a whole run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// No law fails but those that are expected to.
    Conformant,
    /// Some law fails, or holds that is expected to fail.
    NotConformant,
    /// The adapter failed: nothing is known of the rest.
    AdapterBroken,
}

impl Report {
    /// With the failures that are known marked as such.
    pub fn expecting(mut self, expectations: &[Expectation]) -> Self {
        for finding in &mut self.findings {
            finding.expected = expectations.iter().find(|expected| expected.id == finding.id()).cloned();
        }
        self
    }

    /// With the command that reproduces each failure, for an adapter that is started by `command`.
    pub fn reproducible_by(self, command: &[String]) -> Self {
        let effort = match self.effort {
            Effort::Quick => "--quick ",
            Effort::Standard => "",
            Effort::Thorough => "--thorough ",
        };
        let command: Vec<_> = command.iter().map(|word| quoted(word)).collect();
        let how = format!("{effort}--seed {} -- {}", self.seed, command.join(" "));
        self.reproducible(&how)
    }

    /// With the command that finds each failure again in a recording.
    pub fn reproducible_from(self, recording: &Path) -> Self {
        let how = format!("--recorded {}", quoted(&recording.display().to_string()));
        self.reproducible(&how)
    }

    fn reproducible(mut self, how: &str) -> Self {
        for finding in self.findings.iter_mut().filter(|finding| finding.verdict.fails()) {
            let (law, layer) = (finding.law, quoted(&finding.layer));
            finding.reproduce = Some(format!("dropout-oracle conform --law {law} --layer {layer} {how}"));
        }
        self
    }

    /// How the run ended: a law that fails says more than an adapter that breaks elsewhere.
    pub fn conclusion(&self) -> Conclusion {
        let any = |of: fn(&Verdict) -> bool| self.findings.iter().any(|finding| of(&finding.verdict));
        if self.findings.iter().any(Finding::is_surprise) {
            Conclusion::NotConformant
        } else if self.broken.is_some() || any(|verdict| matches!(verdict, Verdict::AdapterFailed { .. })) {
            Conclusion::AdapterBroken
        } else {
            Conclusion::Conformant
        }
    }
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Holds the chosen laws against the chosen layers, after the smoke test; `observe` is told each finding as it comes.
pub fn conform(
    subject: &mut dyn Subject,
    selection: &Selection,
    config: Config,
    mut observe: impl FnMut(&Finding),
) -> Report {
    let mut report = Report {
        format: "dropout-oracle/conformance-1",
        oracle: env!("CARGO_PKG_VERSION").into(),
        implementation: Implementation::default(),
        seed: config.seed,
        effort: config.effort,
        broken: None,
        findings: Vec::new(),
    };
    let description = match smoke(subject) {
        Ok(description) => description,
        Err(why) => return Report { broken: Some(why), ..report },
    };
    report.implementation = description.implementation;
    for layer in description.layers.iter().filter(|layer| selection.layer(&layer.id)) {
        for law in ALL.iter().filter(|law| selection.law(law)) {
            let verdict = law.verdict(subject, layer, config);
            let (id, name, claim, false_alarm) = (law.id, law.name, law.claim, law.false_alarm);
            report.findings.push(Finding {
                layer: layer.id.clone(),
                law: id,
                name,
                claim,
                false_alarm,
                verdict,
                expected: None,
                reproduce: None,
            });
            observe(report.findings.last().expect("just pushed"));
        }
    }
    report
}

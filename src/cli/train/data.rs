//! The examples to train on, to validate on and to test on.

use super::Failure;
use super::config::{Config, Head, MOST_OUTPUTS, Part};
use dropout_oracle::data::{Digits, Examples};
use dropout_oracle::file::Fingerprint;
use dropout_oracle::file::load_table;
use nalgebra::DVector;
use std::path::Path;

/// Three sets of examples of the same lengths.
pub struct Sets {
    pub train: Examples,
    pub validation: Option<Examples>,
    pub test: Option<Examples>,
}

/// Inputs and numbers to be predicted, as files have them.
struct Raw {
    inputs: Vec<DVector<f64>>,
    targets: Vec<DVector<f64>>,
    place: String,
}

impl Sets {
    /// Reads and splits what the configuration names; `folder` is where it lies.
    pub fn load(config: &Config, folder: &Path) -> Result<Self, Failure> {
        let read = |inputs: &Path, targets: Option<&Path>| Raw::load(config, folder, inputs, targets);
        let all = read(&config.data.inputs, config.data.targets.as_deref())?;
        let own = |part: Option<&Part>| {
            let files = part.and_then(|part| Some((part.inputs.as_ref()?, part.targets.as_deref())));
            files.map(|(inputs, targets)| read(inputs, targets)).transpose()
        };
        let (validation_part, test_part) = (config.validation(), config.test.as_ref());
        let (validation, test) = (own(validation_part.as_ref())?, own(test_part)?);
        // Classes are counted over all files.
        let outputs = match (config.network.outputs, config.network.head) {
            (Some(outputs), _) => outputs,
            (None, Head::Softmax) => {
                let files = [Some(&all), validation.as_ref(), test.as_ref()];
                let labels = files.into_iter().flatten().flat_map(|raw| &raw.targets).map(|target| target[0]);
                let largest = labels.fold(0.0, f64::max);
                if largest >= MOST_OUTPUTS as f64 {
                    let why =
                        format!("there is a class {largest}; classes are counted from 0, and {MOST_OUTPUTS} at most");
                    return Err(Failure::CouldNotRun(why));
                }
                largest as usize + 1
            }
            _ => all.targets[0].len(),
        };
        let width = all.inputs[0].len();
        let examples = |raw: Raw| raw.examples(config.network.head, width, outputs);
        let train = examples(all)?;
        let (validation, test) = (validation.map(examples).transpose()?, test.map(examples).transpose()?);
        let count = train.count();
        let fraction = |part: Option<&Part>| part.and_then(|part| part.fraction);
        let (train, test) = apart(train, test, fraction(test_part), count, config.data.seed, "test")?;
        let (train, validation) =
            apart(train, validation, fraction(validation_part.as_ref()), count, config.data.seed, "validation")?;
        Ok(Self { train, validation, test })
    }

    /// Of the bits of all that training sees.
    pub fn fingerprint(&self) -> Fingerprint {
        let bytes = |numbers: &DVector<f64>| numbers.iter().flat_map(|x| x.to_bits().to_le_bytes()).collect::<Vec<_>>();
        let rows = [Some(&self.train), self.validation.as_ref()].into_iter().map(|set| {
            let rows = set.into_iter().flat_map(Examples::iter);
            rows.map(|(x, y)| format!("{:?}", Fingerprint::of_bytes(&[bytes(x), bytes(y)].concat())))
                .collect::<String>()
        });
        Fingerprint::of_bytes(rows.collect::<Vec<_>>().join("\n").as_bytes())
    }
}

/// Sets a fraction of `count` examples apart, unless there is a file for them.
fn apart(
    all: Examples,
    own: Option<Examples>,
    fraction: Option<f64>,
    count: usize,
    seed: u64,
    what: &str,
) -> Result<(Examples, Option<Examples>), Failure> {
    let Some(fraction) = fraction else { return Ok((all, own)) };
    let size = (fraction * count as f64).round() as usize;
    if size == 0 || size >= all.count() {
        return Err(Failure::CouldNotRun(format!(
            "[{what}] fraction {fraction} of {count} examples is {size}, out of {} that are left; at least one must go to \
             each part",
            all.count()
        )));
    }
    let (part, rest) = all.split(size, seed)?;
    Ok((rest, Some(part)))
}

impl Raw {
    fn load(config: &Config, folder: &Path, inputs: &Path, targets: Option<&Path>) -> Result<Self, Failure> {
        let mut raw = if inputs == Path::new("digits") {
            Self::digits(targets)?
        } else {
            Self::read(config, folder, inputs, targets)?
        };
        raw.inputs.iter_mut().for_each(|input| *input /= config.data.divide_by);
        Ok(raw)
    }

    fn digits(targets: Option<&Path>) -> Result<Self, Failure> {
        if targets.is_some() {
            return Err(Failure::CouldNotRun(
                "the embedded digits have targets of their own; leave `targets` out".into(),
            ));
        }
        let digits = Digits::load();
        let targets = digits.labels().iter().map(|&label| DVector::from_element(1, label as f64)).collect();
        Ok(Self { inputs: digits.images().to_vec(), targets, place: "digits".into() })
    }

    fn read(config: &Config, folder: &Path, inputs: &Path, targets: Option<&Path>) -> Result<Self, Failure> {
        let path = folder.join(inputs);
        let place = path.display().to_string();
        let archive = path.extension().is_some_and(|of| of.eq_ignore_ascii_case("npz"));
        // An archive has its targets beside its inputs (`x`), as `y`.
        let targets = targets.map(|file| (folder.join(file), None)).or(archive.then(|| (path.clone(), Some("y"))));
        let table = load_table(&path, None)?;
        if let Some((file, name)) = targets {
            let targets = load_table(&file, name)?;
            if targets.rows().len() != table.rows().len() {
                let (targets, inputs, file) = (targets.rows().len(), table.rows().len(), file.display());
                let why = format!("{file} has {targets} targets for the {inputs} inputs of {place}; give one an input");
                return Err(Failure::CouldNotRun(why));
            }
            return Ok(Self {
                inputs: table.rows().map(DVector::from_column_slice).collect(),
                targets: targets.rows().map(DVector::from_column_slice).collect(),
                place: file.display().to_string(),
            });
        }
        let last = match config.network.head {
            Head::Softmax => 1,
            _ => config.network.outputs.unwrap_or(1),
        };
        let Some(width) = table.columns().checked_sub(last).filter(|&width| width > 0) else {
            let columns = table.columns();
            let why =
                format!("{place} has {columns} columns; it needs inputs and {last} of targets, or [data] targets");
            return Err(Failure::CouldNotRun(why));
        };
        let (inputs, targets) = table
            .rows()
            .map(|row| (DVector::from_column_slice(&row[..width]), DVector::from_column_slice(&row[width..])))
            .unzip();
        Ok(Self { inputs, targets, place })
    }

    /// The examples, with targets as the head takes them.
    fn examples(self, head: Head, width: usize, outputs: usize) -> Result<Examples, Failure> {
        let Self { inputs, targets, place } = self;
        let wrong = |why: String| Failure::CouldNotRun(format!("{place}: {why}"));
        if inputs[0].len() != width {
            return Err(wrong(format!("inputs of {} numbers, where those to train on have {width}", inputs[0].len())));
        }
        let columns = if matches!(head, Head::Softmax) { 1 } else { outputs };
        if targets[0].len() != columns {
            return Err(wrong(format!("targets of {} numbers; the head takes {columns}", targets[0].len())));
        }
        let (right, must): (fn(f64, f64) -> bool, _) = match head {
            Head::Softmax => (|y, classes| y >= 0.0 && y < classes && y.fract() == 0.0, "a class, counted from 0"),
            Head::Bernoulli => (|y, _| y == 0.0 || y == 1.0, "0 or 1"),
            Head::Poisson => (|y, _| y >= 0.0 && y.fract() == 0.0, "a count"),
            Head::Gaussian => (|_, _| true, "a number"),
        };
        for (row, target) in targets.iter().enumerate() {
            if let Some(bad) = target.iter().find(|y| !right(**y, outputs as f64)) {
                let why =
                    format!("target {row} (counted from 0) is {bad}; it must be {must}; there are {outputs} outputs");
                return Err(wrong(why));
            }
        }
        Ok(match head {
            Head::Softmax => {
                let labels: Vec<usize> = targets.iter().map(|target| target[0] as usize).collect();
                Examples::classes(inputs, &labels, outputs)?
            }
            _ => Examples::new(inputs, targets)?,
        })
    }
}

//! Results as they come, one line a trial, so that an interrupted run goes on where it stopped.

use super::{Judged, Record, Run};
use crate::file::FileError;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file of [`Record`]s in JSON, one a line, to which each finished trial is appended.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens or creates the journal and reads the records in it. A last line that was cut off is removed.
    ///
    /// # Errors
    /// [`FileError::Read`] or [`FileError::Write`] where the system refuses, and [`FileError::Journal`] for a line that
    /// is no record or belongs to a setting that has changed.
    pub fn open(path: impl AsRef<Path>, run: &Run) -> Result<(Self, Vec<Record>), FileError> {
        let path = path.as_ref().to_path_buf();
        let write = |why: std::io::Error| FileError::Write { path: path.clone(), why: why.to_string() };
        let file = OpenOptions::new().append(true).read(true).create(true).open(&path).map_err(write)?;
        let read = |source| FileError::Read { path: path.clone(), source };
        let bytes = std::fs::read(&path).map_err(read)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines = bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let records = (1..).zip(lines).map(|(number, line)| {
            let why = match serde_json::from_slice(line) {
                Ok(record) => match misfit(&record, run) {
                    None => return Ok(record),
                    Some(why) => why,
                },
                Err(error) => format!("it is not a record of a trial: {error}"),
            };
            Err(FileError::Journal { place: format!("{}: line {number}", path.display()), why })
        });
        let records = records.collect::<Result<_, _>>()?;
        file.set_len(whole as u64).map_err(write)?;
        Ok((Self { path, file: Mutex::new(file) }, records))
    }

    /// Appends one record.
    ///
    /// # Errors
    /// [`FileError::Write`] where the system refuses.
    pub fn append(&self, record: &Record) -> Result<(), FileError> {
        let error = |why: String| FileError::Write { path: self.path.clone(), why };
        let line = serde_json::to_string(record).map_err(|e| error(e.to_string()))? + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(|e| error(e.to_string()))
    }
}

/// Why a record is none of this run's, if so.
fn misfit(record: &Record, run: &Run) -> Option<String> {
    let name = &record.setting;
    let Some(setting) = run.settings.iter().find(|setting| setting.name == *name) else {
        return Some(format!("experiment {} has no setting {name:?} here", run.experiment.name));
    };
    let is = |judged| setting.candidates.iter().any(|c| setting.choose(c, judged).parameters() == record.parameters);
    let (validated, reported) = (is(Judged::Validation), is(Judged::Test));
    if !validated && !reported {
        return Some(format!("setting {name:?} has changed: none of its trainings is {}", record.parameters));
    }
    let (measures, found) = (run.experiment.measures.len(), record.values.len());
    let fits = if validated { found <= 1 } else { found == measures };
    (!fits).then(|| format!("setting {name:?} has {found} values, where there are {measures} measures"))
}

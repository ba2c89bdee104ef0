//! Writing a file whole or not at all.

use super::FileError;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file to be written: checked when named, so that hours of work do not end in "permission denied", and replaced in
/// one step, so that no reader and no interruption ever sees half of it.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// Checks that `path` can be written, and leaves nothing there.
    ///
    /// # Errors
    /// [`FileError::Write`] if its folder takes no new file, or if it exists and is read-only or no file at all.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let output = Self { path: path.as_ref().into() };
        match output.path.metadata() {
            // Renaming a file over a device or a pipe would remove it.
            Ok(old) if !old.is_file() => return Err(output.error("it exists and is not a regular file")),
            Ok(old) if old.permissions().readonly() => return Err(output.error("it exists and is read-only")),
            _ => {}
        }
        if output.path.file_name().is_none() {
            return Err(output.error("it names no file"));
        }
        output.temporary()?;
        Ok(output)
    }

    /// Writes the whole file in place of the old one, if any.
    ///
    /// # Errors
    /// [`FileError::Write`] if it cannot; the old file then stays as it was.
    pub fn write(&self, bytes: &[u8]) -> Result<(), FileError> {
        let mut file = self.temporary()?;
        let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
        written.map_err(|error| self.error(error))?;
        file.persist(&self.path).map_err(|error| self.error(error.error))?;
        Ok(())
    }

    /// A new file in the same folder, removed again unless it is renamed.
    fn temporary(&self) -> Result<NamedTempFile, FileError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".dropout-oracle-").suffix(".tmp");
        #[cfg(unix)]
        {
            // What any new file gets; the default for temporary ones hides them from everyone else.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let folder = self.path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        builder.tempfile_in(folder).map_err(|error| self.error(error))
    }

    fn error(&self, why: impl ToString) -> FileError {
        FileError::Write { path: self.path.clone(), why: why.to_string() }
    }
}

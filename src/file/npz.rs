//! NumPy's .npz: a zip archive of .npy files, stored (`numpy.savez`) or deflated (`numpy.savez_compressed`).

use super::FileError;
use super::npy::{self, Array};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// The longest header that is read; NumPy's own are about a hundred bytes.
const HEADER: usize = 1 << 16;

/// An array of the archive: the one called `name`, or without a name `x`, `inputs` or the only one. With its place.
pub fn parse(bytes: &[u8], name: Option<&str>, place: &str) -> Result<(Array, String), FileError> {
    let broken = |error: &dyn std::error::Error| FileError::NumPy { place: place.into(), why: error.to_string() };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let members: Vec<String> = archive
        .file_names()
        .map(|name| name.map(|name| name.strip_suffix(".npy").unwrap_or(&name).to_string()))
        .collect::<Result<_, _>>()
        .map_err(|error| broken(&error))?;
    let index = choose(&members, name).map_err(|why| {
        let (place, names) = (place.into(), members.clone());
        FileError::WhichArray { place, why, names }
    })?;
    let place = format!("{place}: {}", members[index]);
    let mut member = archive.by_index(index).map_err(|error| broken(&error))?;
    let mut npy = Vec::new();
    let mut read = |bytes: usize, npy: &mut Vec<u8>| {
        member.by_ref().take(bytes as u64).read_to_end(npy).map_err(|error| broken(&error))
    };
    // A few bytes can unpack to any number of them: no more are asked for than the header speaks of, and one.
    read(HEADER, &mut npy)?;
    if let Some(length) = npy::length(&npy, &place)? {
        read(length.saturating_add(1).saturating_sub(npy.len()), &mut npy)?;
        if npy.len() > length {
            let why = format!("it unpacks to more than the {length} bytes of its header, shape and dtype");
            return Err(FileError::NumPy { place, why });
        }
    }
    Ok((npy::parse(&npy, &place)?, place))
}

/// Which of the arrays holds the inputs.
fn choose(members: &[String], name: Option<&str>) -> Result<usize, String> {
    if let Some(name) = name {
        return members.iter().position(|member| member == name).ok_or_else(|| format!("there is no array {name:?}"));
    }
    let usual = |member: &&String| ["x", "inputs"].contains(&member.as_str());
    match (members, members.iter().filter(usual).count()) {
        ([_], _) => Ok(0),
        (_, 1) => Ok(members.iter().position(|member| usual(&member)).expect("there is one")),
        _ => Err("name the array that holds the inputs (x, inputs or the only one needs no name)".into()),
    }
}

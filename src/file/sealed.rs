//! Files that tell whether they are as they were written: a format's name, contents, and the checksum of these.

use super::Fingerprint;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<C> {
    format: String,
    /// SHA-256 of `contents` as compact JSON, as written here.
    checksum: Fingerprint,
    contents: C,
}

/// The bytes of a file of this format: one line of JSON.
///
/// ```
/// use dropout_oracle::file::sealed::{seal, unseal};
/// let mut bytes = seal("numbers-1", &[1, 2]);
/// assert_eq!(unseal::<[u8; 2]>(&bytes, "numbers-1", "numbers"), Ok([1, 2]));
/// let at = bytes.iter().rposition(|byte| *byte == b'2').unwrap();
/// bytes[at] = b'3';
/// assert!(unseal::<[u8; 2]>(&bytes, "numbers-1", "numbers").unwrap_err().starts_with("its checksum"));
/// ```
///
/// # Panics
/// If the contents are nothing that JSON can write.
pub fn seal<C: Serialize>(format: &str, contents: &C) -> Vec<u8> {
    let envelope = Envelope { format: format.into(), checksum: checksum(contents), contents };
    let mut json = serde_json::to_vec(&envelope).expect("contents that JSON can write");
    json.push(b'\n');
    json
}

/// The contents of a file of this format; `what` says what such a file is.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn unseal<C: Serialize + DeserializeOwned>(bytes: &[u8], format: &str, what: &str) -> Result<C, String> {
    let envelope: Envelope<C> = serde_json::from_slice(bytes).map_err(|error| format!("no {what}: {error}"))?;
    if envelope.format != format {
        return Err(format!("its format is {:?}; this version reads {format:?}", envelope.format));
    }
    if checksum(&envelope.contents) != envelope.checksum {
        return Err("its checksum does not match: the file was changed or damaged".into());
    }
    Ok(envelope.contents)
}

fn checksum(contents: &impl Serialize) -> Fingerprint {
    Fingerprint::of_bytes(&serde_json::to_vec(contents).expect("contents that JSON can write"))
}

//! Safetensors files by hand, sound ones and others, and folders with a network in them.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// 8 bytes of header length, the header, the data.
pub fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    let length = header.len() as u64;
    [&length.to_le_bytes(), header.as_bytes(), data].concat()
}

/// A safetensors file of tensors with the given names, dtypes, shapes and bytes.
pub fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (name, dtype, shape, bytes) in tensors {
        let (start, end) = (data.len(), data.len() + bytes.len());
        entries.push(format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
        data.extend(bytes);
    }
    raw(&format!("{{{}}}", entries.join(",")), &data)
}

/// f64 tensors.
pub fn f64s(tensors: &[(&str, &[usize], &[f64])]) -> Vec<u8> {
    let bytes = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let tensors: Vec<_> = tensors.iter().map(|(name, shape, values)| (*name, "F64", *shape, bytes(values))).collect();
    safetensors(&tensors)
}

/// The manifest of a softmax network of the given layers, its weights in `w.safetensors`.
pub fn manifest(inputs: usize, layers: &str) -> String {
    format!(
        r#"{{"format": "dropout-oracle/network-1", "inputs": {inputs}, "weights": "w.safetensors",
 "convention": "inverted", "layers": [{layers}], "head": "softmax"}}"#
    )
}

/// A folder with `net.json` and `w.safetensors`, and the path of the former.
pub fn network(manifest: &str, weights: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("w.safetensors"), weights).unwrap();
    let path = folder.path().join("net.json");
    std::fs::write(&path, manifest).unwrap();
    (folder, path)
}

/// A file of `tests/data`.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

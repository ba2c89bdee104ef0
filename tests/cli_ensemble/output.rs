//! `--output`: a file written whole or not at all, and refused before the work starts.

use crate::by_definition::tiny;
use crate::predict;
use crate::weights::data;
use std::fs;
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    itertools::sorted(names).collect()
}

#[test]
fn the_file_holds_what_would_be_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("predictions.json");
    let output = ["--output", path.to_str().unwrap()];
    let printed = predict(&data("tiny.json"), &data("tiny_inputs.npy"), &["--format", "json"]).stdout;
    for _ in 0..2 {
        let outcome = predict(&data("tiny.json"), &data("tiny_inputs.npy"), &output);
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
        assert_eq!(fs::read_to_string(&path).unwrap(), printed);
        assert_eq!(names(folder.path()), ["predictions.json"]);
        fs::write(&path, "an older file").unwrap();
    }
}

/// The older file is never written into: another name for it keeps what it held.
#[test]
fn the_file_is_replaced_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("predictions.json"), folder.path().join("old"));
    fs::write(&path, "an older file").unwrap();
    fs::hard_link(&path, &old).unwrap();
    let outcome = predict(&data("tiny.json"), &data("tiny_inputs.npy"), &["--output", path.to_str().unwrap()]);
    assert_eq!(outcome.status, 0);
    assert!(fs::read_to_string(&path).unwrap().starts_with(r#"{"masks":32"#));
    assert_eq!(fs::read_to_string(&old).unwrap(), "an older file");
}

/// In the working folder, without a folder in the name.
#[test]
fn a_bare_name_is_a_file_in_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_dropout-oracle"))
        .current_dir(folder.path())
        .args(["ensemble", "--output", "p.json", "--net"])
        .args([data("tiny.json"), "--inputs".into(), data("tiny_inputs.npy")])
        .status();
    assert!(status.unwrap().success());
    assert_eq!(names(folder.path()), ["p.json"]);
}

#[cfg(unix)]
#[test]
fn others_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, usual) = (folder.path().join("p.json"), folder.path().join("usual"));
    predict(&data("tiny.json"), &data("tiny_inputs.npy"), &["--output", path.to_str().unwrap()]);
    fs::write(&usual, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&usual));
}

/// The rates e^800 are infinite, which is found only at work: the older file stays.
#[test]
fn a_run_that_fails_leaves_the_older_file() {
    let (folder, net) = tiny(r#""poisson""#, "inverted");
    let (inputs, path) = (folder.path().join("x.csv"), folder.path().join("p.json"));
    fs::write(&inputs, "1,0,0\n800,-800,0\n").unwrap();
    fs::write(&path, "an older file").unwrap();
    let before = names(folder.path());
    let outcome = predict(&net, &inputs, &["--output", path.to_str().unwrap()]);
    assert_eq!(outcome.status, 2);
    let why = "input 1 (counted from 0): the mean rate of a Poisson head is inf; every number must be finite";
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "an older file");
    assert_eq!(names(folder.path()), before);
}

/// There is no network: a refusal that names the output came before anything was even read.
#[test]
fn what_cannot_be_written_is_refused_before_the_work_starts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("read_only.json"), "kept").unwrap();
    let mut permissions = fs::metadata(at("read_only.json")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(at("read_only.json"), permissions).unwrap();
    #[cfg(unix)]
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let before = names(folder.path());
    for (name, why) in [
        ("nowhere/p.json", "No such file or directory"),
        ("file/p.json", "Not a directory"),
        ("folder", "is not a regular file"),
        ("read_only.json", "is read-only"),
        #[cfg(unix)]
        ("socket", "is not a regular file"),
    ] {
        let output = at(name);
        let outcome = predict(&at("none.json"), &at("none.csv"), &["--output", output.to_str().unwrap()]);
        assert_eq!(outcome.status, 2);
        let expected = format!("cannot write {}", output.display());
        assert!(outcome.stderr.contains(&expected) && outcome.stderr.contains(why), "{}", outcome.stderr);
        assert_eq!(names(folder.path()), before);
    }
    assert_eq!(fs::read_to_string(at("read_only.json")).unwrap(), "kept");
}

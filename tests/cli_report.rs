//! `dropout-oracle report` as a user runs it.
#![cfg(feature = "cli")]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const HOSTILE: &str = "</article><script>alert(\"1\")</script>&amp;{{evidence}}'\" onclick=x <b>";

fn finding(layer: &str, law: &str, verdict: Value) -> Value {
    let mut finding = json!({
        "layer": layer, "law": law, "name": "name", "claim": "sgd.standard-vs-inverted", "false_alarm": 1e-9,
        "expected": null, "reproduce": null,
    });
    finding.as_object_mut().unwrap().extend(verdict.as_object().unwrap().clone());
    finding
}

fn holds() -> Value {
    let statistic = json!({
        "name": "drop rate at p = 0.3", "samples": 1048576, "false_alarm": 1e-9, "power": 0.999999,
        "smallest_detectable": "a drop rate off by 4.86e-3", "p_value": 0.25,
    });
    let evidence = json!({
        "requests": 12, "comparisons": 345, "skipped": ["bf16: no such format"], "statistics": [statistic],
    });
    json!({"verdict": "holds", "evidence": evidence})
}

fn fails(text: &str) -> Value {
    let number = |value: &str, bits: &str| json!({"value": value, "bits": bits, "dtype": "f32"});
    json!({
        "verdict": "fails",
        "failure": {
            "case": text, "at": [1, 2], "input": number("1.0", "0x3f800000"),
            "expected": {"between": [number("2.0", "0x40000000"), number("2.0", "0x40000000")]},
            "got": text, "distance": {"ulps": 7}, "diagnosis": text,
        },
        "reproduce": text,
    })
}

fn results(name: &str, version: &str, findings: Vec<Value>) -> Value {
    json!({
        "format": "dropout-oracle/conformance-1", "oracle": "0.1.0", "seed": 0, "effort": "quick", "broken": null,
        "implementation": {"name": name, "version": version, "language": "Rust", "device": "cpu"},
        "findings": findings,
    })
}

/// A folder of results, and what the command makes of them.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, Value)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, value)| std::fs::write(folder.path(name), value.to_string()).unwrap());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn report(&self, names: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dropout-oracle"));
        command.arg("report").args(names).args(["--out", "page.html"]).current_dir(self.0.path());
        command.output().expect("the binary runs")
    }

    fn page(&self, names: &[&str]) -> String {
        let output = self.report(names);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(self.path("page.html")).unwrap()
    }

    /// The message with which it is refused.
    fn refusal(&self, names: &[&str]) -> String {
        let output = self.report(names);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty() && !self.path("page.html").exists());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn torch() -> Value {
    let expected = json!({"id": "Alpha/L1", "reason": "a known one", "issue": "https://example.org/1"});
    let mut known = finding("Alpha", "L1", fails("elsewhere"));
    known["expected"] = expected;
    results(
        "torch",
        "2.15.0",
        vec![
            finding("Dropout", "L1", fails("train, p = 0.5")),
            finding("Dropout", "S1", holds()),
            known,
            finding("Alpha", "S1", json!({"verdict": "not_applicable", "why": "no masks"})),
        ],
    )
}

fn candle() -> Value {
    let broke = json!({"verdict": "adapter_failed", "why": "it hung"});
    results("candle", "0.11.1", vec![finding("candle", "L7", broke), finding("candle", "S1", holds())])
}

fn folder() -> Folder {
    let mut broken = results("", "", vec![]);
    broken["broken"] = json!("no answer to start");
    let old = results("torch", "2.14.0", vec![finding("Dropout", "L1", holds())]);
    Folder::new(&[("torch.json", torch()), ("candle.json", candle()), ("broken.json", broken), ("old.json", old)])
}

/// What stands between the sheet of this id and the next.
fn sheet<'a>(page: &'a str, id: &str) -> &'a str {
    let from = page.find(&format!("<article id=\"{id}\"")).unwrap_or_else(|| panic!("no sheet {id}"));
    &page[from..from + page[from..].find("</article>").unwrap()]
}

#[test]
fn the_page_is_one_file_of_laws_by_implementations_with_the_evidence_of_each_cell() {
    let page = folder().page(&["torch.json", "candle.json", "broken.json", "old.json"]);
    // Self-contained: nothing to load, nothing to run, no placeholder left.
    for part in ["<script", "src=", "href=\"http", "@import", "url(", "{{", "<link"] {
        assert!(!page.contains(part), "the page contains {part}");
    }
    for part in
        ["prefers-color-scheme: dark", "torch <span class=\"version\">2.15.0</span>", "> 2 layers<", "broken.json"]
    {
        assert!(page.contains(part), "the page lacks {part}");
    }
    // Three laws were held: by the order of the specification, and no other.
    let columns: Vec<_> = page.match_indices("<a id=\"to-").map(|(at, found)| &page[at + found.len()..][..2]).collect();
    assert_eq!(columns, ["L1", "L7", "S1"]);
    // Every cell and law that opens something opens a sheet, and every sheet leads back.
    let targets = |mark: &str| -> Vec<String> {
        let found = page.match_indices(mark).map(|(at, _)| &page[at + mark.len()..]);
        found.map(|rest| rest[..rest.find('"').unwrap()].to_string()).collect()
    };
    let (links, ids) = (targets("href=\"#"), targets(" id=\""));
    assert!(links.len() > 15);
    links.iter().for_each(|link| assert!(ids.contains(link), "#{link} is nowhere"));
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
}

#[test]
fn a_cell_opens_statistics_or_the_failure() {
    let page = folder().page(&["torch.json", "candle.json"]);
    // Sorted: 0 is candle, 1 is torch.
    let statistics = sheet(&page, "e1-0-S1");
    for part in ["1048576", "1.0e-9", "0.999999", "off by 4.86e-3", "0.250", "bf16: no such format", "12 requests"] {
        assert!(statistics.contains(part), "{part} is lacking in {statistics}");
    }
    let failure = sheet(&page, "e1-0-L1");
    for part in [
        "✗ FAILS",
        "[1, 2]",
        "1.0 (f32 0x3f800000)",
        "2.0 (f32 0x40000000)",
        "7 ulp",
        "theanets PR123",
        "fails: 1.0e-9",
    ] {
        assert!(failure.contains(part), "{part} is lacking in {failure}");
    }
    assert!(failure.contains("<code>train, p = 0.5</code>"), "the command that reproduces it");
    assert!(sheet(&page, "e1-1-L1").contains("fails as expected: a known one (https://example.org/1)"));
    assert!(sheet(&page, "e1-1-S1").contains("not tested: no masks"));
    assert!(sheet(&page, "e0-0-L7").contains("ADAPTER FAILED: it hung"));
    let both = sheet(&page, "e1-L1");
    assert!(both.contains("✗ Dropout: fails") && both.contains("(✗) Alpha: fails as expected"));
    assert!(sheet(&page, "L1").contains("In training every output is 0"));
    assert!(page.contains("<small>1/2</small>"), "one of two layers fails");
}

#[test]
fn what_files_say_is_text_and_never_markup() {
    let mut value = results(HOSTILE, HOSTILE, vec![]);
    let broke = json!({"verdict": "adapter_failed", "why": HOSTILE});
    value["findings"] =
        json!(
            [finding(HOSTILE, "L1", fails(HOSTILE)), finding(HOSTILE, "L2", broke), finding(HOSTILE, "S1", holds()),]
        );
    value["findings"][2]["evidence"]["skipped"] = json!([HOSTILE]);
    value["findings"][2]["evidence"]["statistics"][0]["name"] = json!(HOSTILE);
    value["findings"][2]["evidence"]["statistics"][0]["smallest_detectable"] = json!(HOSTILE);
    value["implementation"]["language"] = json!(HOSTILE);
    value["implementation"]["device"] = json!(HOSTILE);
    let mut broken = results("", "", vec![]);
    broken["broken"] = json!(HOSTILE);
    let page = Folder::new(&[("a.json", value), ("b&<b>.json", broken)]).page(&["a.json", "b&<b>.json"]);
    assert!(!page.contains("<script") && !page.contains(" onclick=x <b>") && !page.contains("b&<b>.json"));
    assert!(page.matches("&lt;script&gt;").count() >= 12, "all of it is shown");
    assert_eq!(page.matches("<article").count(), page.matches("</article>").count());
}

#[test]
fn the_page_depends_neither_on_the_order_of_the_files_nor_on_the_run() {
    let folder = folder();
    let pages = [["torch.json", "candle.json", "old.json"], ["old.json", "torch.json", "candle.json"]];
    let [one, other] = pages.map(|names| folder.page(&names));
    assert!(one == other);
}

#[test]
fn what_is_no_result_is_refused_by_the_name_of_its_file() {
    let mut newer = torch();
    newer["format"] = json!("dropout-oracle/conformance-2");
    let mut lacking = torch();
    lacking["findings"][1].as_object_mut().unwrap().remove("evidence");
    let mut bits = torch();
    bits["findings"][0]["failure"]["input"]["bits"] = json!("0xzz");
    let unknown = results("torch", "1", vec![finding("Dropout", "L99", holds())]);
    let twice = results("torch", "1", vec![finding("Dropout", "L1", holds()), finding("Dropout", "L1", holds())]);
    let cases = [
        ("newer.json", newer, "dropout-oracle/conformance-2"),
        ("lacking.json", lacking, "/findings/1"),
        ("bits.json", bits, "/findings/0/failure/input"),
        ("unknown.json", unknown, "law L99"),
        ("twice.json", twice, "law L1 of layer \"Dropout\" stands there twice"),
        ("other.json", json!({"a": 1}), "is no result of `dropout-oracle conform --format json`"),
        ("list.json", json!([1]), "is no result of `dropout-oracle conform --format json`"),
    ];
    for (name, value, why) in cases {
        let message = Folder::new(&[(name, value), ("candle.json", candle())]).refusal(&["candle.json", name]);
        assert!(message.contains(name) && message.contains(why), "{message}");
    }
    let folder = Folder::new(&[]);
    std::fs::write(folder.path("half.json"), "{\"format\": ").unwrap();
    for (name, why) in [("half.json", "is no JSON"), ("missing.json", "cannot be read")] {
        let message = folder.refusal(&[name]);
        assert!(message.contains(name) && message.contains(why), "{message}");
    }
}

/// The same implementation on another device, or another version of it, is another row.
#[test]
fn two_results_of_one_implementation_are_refused() {
    let mut elsewhere = torch();
    elsewhere["implementation"]["device"] = json!("cuda");
    let folder = Folder::new(&[("a.json", torch()), ("b.json", torch()), ("c.json", elsewhere)]);
    let message = folder.refusal(&["a.json", "b.json"]);
    for part in ["a.json", "b.json", "torch 2.15.0 (Rust, cpu)"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(folder.page(&["a.json", "c.json"]).contains("cuda"));
}

#[test]
fn wrong_command_lines_end_with_status_3_and_pages_that_cannot_be_written_with_2() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_dropout-oracle")).arg("report").args(arguments).output().unwrap()
    };
    assert_eq!(run(&["--out", "page.html"]).status.code(), Some(3));
    assert_eq!(run(&["a.json"]).status.code(), Some(3));
    let folder = folder();
    let torch = folder.path("torch.json");
    assert_eq!(run(&[torch.to_str().unwrap(), "--out", "/dev/null/page.html"]).status.code(), Some(2));
}

/// `UPDATE=1` makes it anew.
#[test]
fn the_committed_page_is_what_the_committed_results_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = std::fs::read_dir(root.join("results")).unwrap().map(|entry| entry.unwrap().path());
    let results = results.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("matrix.html");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dropout-oracle"));
    assert!(command.arg("report").args(results).arg("--out").arg(&page).status().unwrap().success());
    let (made, committed) = (std::fs::read(page).unwrap(), root.join("results/matrix.html"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&committed, &made).unwrap();
    }
    let stale = "results/matrix.html is stale: run UPDATE=1 cargo test --test cli_report";
    assert!(std::fs::read(committed).unwrap() == made, "{stale}");
}

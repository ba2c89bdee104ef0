//! `docs/laws.md` and its figures say of every law what its code says, and what was measured of it;
//! `UPDATE=1 cargo test --test laws_page` writes them anew.
#![cfg(feature = "cli")]

mod faulty;
mod figures;
mod page;
mod power;
mod theory;

/// Compares a file below `docs` with what it should be, or writes it.
fn up_to_date(name: &str, expected: &str) {
    let path = format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"));
    if updating() {
        std::fs::write(&path, expected).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == expected, "docs/{name} is stale: run UPDATE=1 cargo test --test laws_page");
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

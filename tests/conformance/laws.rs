//! What every law says of itself is sound.

use dropout_oracle::claims::ledger;
use dropout_oracle::conformance::law::ALL;

#[test]
fn ids_are_unique_and_in_order() {
    let key = |id: &str| (id.as_bytes()[0], id[1..].parse::<u32>().expect("a letter and a number"));
    assert!(ALL.is_sorted_by(|a, b| key(a.id) < key(b.id)));
}

#[test]
fn every_law_says_all_of_itself_and_rests_on_a_claim() {
    let claims = ledger();
    for law in ALL {
        assert!(claims.iter().any(|claim| claim.id == law.claim), "{} rests on {:?}", law.id, law.claim);
        // Less than a millionth for a whole run: the promise of the specification.
        assert!((0.0..1e-6).contains(&law.false_alarm), "{}", law.id);
        for text in [law.name, law.statement, law.power, law.diagnosis] {
            assert!(!text.is_empty() && !text.contains("  "), "{}: {text:?}", law.id);
        }
        assert!(!law.needs.kinds.is_empty() && !law.needs.levels.is_empty(), "{}", law.id);
    }
}

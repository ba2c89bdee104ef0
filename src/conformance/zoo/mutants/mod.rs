//! Wrong dropouts, each with the law that must kill it. Most had users.

use super::dropout::Dropout;
use crate::conformance::law::ALL;

/// A table of mutants: the law that kills, the name, the steps, where it was seen.
macro_rules! zoo {
    ($($law:literal $name:literal $dropout:expr, [$($seen:literal),*];)*) => {
        vec![$(Mutant { name: $name, killed_by: $law, seen: &[$($seen),*], dropout: || Box::new($dropout) }),*]
    };
}

mod backward;
mod ends;
mod interface;
mod law;
mod mode;
mod network;
mod noise;
mod scale;
mod seed;
mod sharing;

/// A wrong dropout.
pub struct Mutant {
    /// Its name.
    pub name: &'static str,
    /// The law that must kill it.
    pub killed_by: &'static str,
    /// Public threads where the defect was seen.
    pub seen: &'static [&'static str],
    /// Its steps.
    pub dropout: fn() -> Box<dyn Dropout>,
}

/// All mutants, in the order of the laws that must kill them.
pub fn mutants() -> Vec<Mutant> {
    let modules = [
        backward::all(),
        ends::all(),
        interface::all(),
        law::all(),
        mode::all(),
        network::all(),
        noise::all(),
        scale::all(),
        seed::all(),
        sharing::all(),
    ];
    let mut all: Vec<Mutant> = modules.into_iter().flatten().collect();
    all.sort_by_key(|mutant| ALL.iter().position(|law| law.id == mutant.killed_by));
    all
}

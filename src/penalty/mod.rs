//! What dropout adds to a loss, in closed form.

pub mod factorisation;

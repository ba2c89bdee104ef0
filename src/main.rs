//! The command line of `dropout-oracle`.

fn main() {}

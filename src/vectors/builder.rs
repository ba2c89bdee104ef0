//! How a file of vectors is put together.

use super::draw::Draw;
use super::flags;
use super::format::{Convention, Expected, FORMAT, Group, Input, Numbers, Test, VectorFile};
use crate::conformance::Dtype;
use std::collections::BTreeSet;

/// A file in the making.
pub struct Suite {
    file: VectorFile,
}

impl Suite {
    /// An empty one.
    pub fn new(operation: &str, about: &str, draw: &Draw) -> Self {
        Self {
            file: VectorFile {
                format: FORMAT.into(),
                suite: super::SUITE.into(),
                operation: operation.into(),
                about: about.into(),
                generator: draw.generator(),
                number_of_tests: 0,
                flags: Default::default(),
                groups: Vec::new(),
            },
        }
    }

    /// Adds tests whose p is a drop rate and whose dropped units become 0.
    pub fn group(&mut self, dtype: Dtype, scaling: &str, tests: impl IntoIterator<Item = TestBuilder>) {
        let convention = Convention {
            p_means: "drop".into(),
            scaling: scaling.into(),
            dropped_value: "0".into(),
            shared_axes: Vec::new(),
        };
        self.group_with(dtype, convention, tests);
    }

    /// Adds tests under any convention.
    pub fn group_with(&mut self, dtype: Dtype, convention: Convention, tests: impl IntoIterator<Item = TestBuilder>) {
        let tests = tests.into_iter().map(|test| test.0).collect();
        self.file.groups.push(Group { dtype, convention, tests });
    }

    /// The file, with the flags that its tests name, and the number of tests.
    pub fn finish(self) -> VectorFile {
        let mut file = self.file;
        let tests = || file.groups.iter().flat_map(|group| &group.tests);
        let names: BTreeSet<_> = tests().flat_map(|test| &test.flags).cloned().collect();
        file.number_of_tests = tests().count();
        file.flags = names.into_iter().map(|name| (name.clone(), flags::named(&name))).collect();
        file
    }
}

/// A test in the making; it must be passed, unless said otherwise.
pub struct TestBuilder(Test);

impl TestBuilder {
    /// A test without inputs.
    pub fn new(id: impl Into<String>, comment: &str) -> Self {
        Self(Test {
            id: id.into(),
            comment: comment.into(),
            flags: Vec::new(),
            inputs: Default::default(),
            expected: Default::default(),
            verdict: "must".into(),
        })
    }

    /// Names the mistakes that it brings to light.
    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.0.flags = flags.iter().map(ToString::to_string).collect();
        self
    }

    /// Adds an input.
    pub fn input(mut self, name: &str, input: Input) -> Self {
        self.0.inputs.insert(name.into(), input);
        self
    }

    /// Adds a tensor.
    pub fn numbers(self, name: &str, dtype: Dtype, shape: &[usize], values: &[f64]) -> Self {
        self.input(name, Input::Numbers(Numbers::new(dtype, shape, values.iter().copied())))
    }

    /// Adds an output.
    pub fn expect(mut self, name: &str, expected: Expected) -> Self {
        self.0.expected.insert(name.into(), expected);
        self
    }

    /// Sets the verdict.
    pub fn verdict(mut self, verdict: &str) -> Self {
        self.0.verdict = verdict.into();
        self
    }
}

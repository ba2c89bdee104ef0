//! How the work is cut.

use crate::kernel::Subtree;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The work on all inputs as items: the subtrees at one depth of each input's tree, input after input.
///
/// It depends on the network and the inputs alone, not on the number of shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan {
    /// One an input.
    depths: Vec<u32>,
}

impl Plan {
    /// At most 2^12 items an input: a quarter of a second each for 40 units, and little to store.
    const FINEST: u32 = 12;

    /// The items of inputs whose trees have these depths.
    ///
    /// ```
    /// use dropout_oracle::shard::Plan;
    /// assert_eq!(Plan::new([2, 0, 30]).items(), 4 + 1 + 4096);
    /// ```
    pub fn new(depths: impl IntoIterator<Item = u32>) -> Self {
        Self { depths: depths.into_iter().map(|depth| depth.min(Self::FINEST)).collect() }
    }

    /// The number of inputs.
    pub fn rows(&self) -> usize {
        self.depths.len()
    }

    /// The number of items.
    pub fn items(&self) -> u64 {
        self.depths.iter().map(|depth| 1u64 << depth).sum()
    }

    /// The items of a shard, each the subtree of the masks of one input: equal shares, to within one item.
    ///
    /// ```
    /// use dropout_oracle::shard::{Plan, Shard};
    /// let plan = Plan::new([3]);
    /// let shares = ["0/3", "1/3", "2/3"].map(|shard| plan.share(shard.parse::<Shard>().unwrap()).count());
    /// assert_eq!(shares, [2, 3, 3]);
    /// ```
    pub fn share(&self, shard: Shard) -> impl Iterator<Item = (usize, Subtree)> + '_ {
        let until = |shards: u32| (u128::from(self.items()) * u128::from(shards) / u128::from(shard.of)) as usize;
        let (from, to) = (until(shard.index), until(shard.index + 1));
        let of_row = |(row, &depth): (usize, &u32)| {
            (0..1 << depth).filter_map(move |index| Some((row, Subtree::new(depth, index)?)))
        };
        self.depths.iter().enumerate().flat_map(of_row).skip(from).take(to - from)
    }
}

/// One of several parts of the work: number `index`, counted from 0, `of` so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// All the work.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Shard `index` of `of`; `None` unless index < of.
    pub fn new(index: u32, of: u32) -> Option<Self> {
        (index < of).then_some(Self { index, of })
    }

    /// Its number, counted from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        parts.and_then(|(index, of)| Self::new(index, of)).ok_or_else(|| {
            format!("'{text}' is no shard: write i/N with 0 <= i < N, such as 0/8 for the first of eight")
        })
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

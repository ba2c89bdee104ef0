/// A node of the binary tree over the masks: all of them at the root, half as many at each step down.
///
/// The tree is part of the definition of a result: whatever threads, processes or machines sum the subtrees, joining two
/// halves into their parent, up to the root, gives the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subtree {
    depth: u32,
    index: u64,
}

impl Subtree {
    /// All masks.
    pub const ROOT: Self = Self { depth: 0, index: 0 };

    /// Subtree `index` of the 2^depth at this depth; `None` if there is no such one.
    ///
    /// ```
    /// use dropout_oracle::kernel::Subtree;
    /// let [left, right] = Subtree::ROOT.halves();
    /// assert_eq!(Some(right), Subtree::new(1, 1));
    /// assert_eq!(Subtree::new(1, 2), None);
    /// # let _ = left;
    /// ```
    pub fn new(depth: u32, index: u64) -> Option<Self> {
        (depth < 64 && index >> depth == 0).then_some(Self { depth, index })
    }

    /// How many steps below the root it is.
    pub fn depth(self) -> u32 {
        self.depth
    }

    /// Its number among those at its depth, from the left, counted from 0.
    pub fn index(self) -> u64 {
        self.index
    }

    /// The two halves, the left one first: the units dropped so far, and the next unit dropped or kept.
    pub fn halves(self) -> [Self; 2] {
        [0, 1].map(|right| Self { depth: self.depth + 1, index: self.index << 1 | right })
    }

    /// The other half of the same parent, and the parent; none above the root.
    pub fn family(self) -> Option<(Self, Self)> {
        let depth = self.depth.checked_sub(1)?;
        Some((Self { index: self.index ^ 1, ..self }, Self { depth, index: self.index >> 1 }))
    }

    /// Whether one of the two contains the other.
    pub fn overlaps(self, other: Self) -> bool {
        let depth = self.depth.min(other.depth);
        self.index >> (self.depth - depth) == other.index >> (other.depth - depth)
    }

    /// Whether each unit on the way down from the root is kept.
    pub(super) fn path(self) -> impl Iterator<Item = bool> {
        (0..self.depth).rev().map(move |step| self.index >> step & 1 == 1)
    }

    /// The first `depth` steps of the way down, and what is left of it below them.
    pub(super) fn split(self, depth: u32) -> (Self, Self) {
        let below = self.depth.saturating_sub(depth);
        let upper = Self { depth: self.depth - below, index: self.index >> below };
        (upper, Self { depth: below, index: self.index & ((1 << below) - 1) })
    }
}

//! Ragged arrays: client `k` owns `values[offsets[k]..offsets[k + 1]]`.

use std::ops::Range;

use crate::error::{Error, Result, check, check_len};

/// Checked offsets of a ragged array with `n_clients + 1` entries, from 0 to the number of values.
#[derive(Debug, Clone, Copy)]
pub struct Offsets<'a>(&'a [i64]);

impl<'a> Offsets<'a> {
    /// Checks that `offsets` start at 0, never fall, and end at `n_values`.
    ///
    /// # Errors
    /// [`Error::Scalar`] or [`Error::Element`] naming `offsets`, where one of these does not hold.
    pub fn new(offsets: &'a [i64], n_values: usize) -> Result<Self> {
        let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
            return Err(Error::Length {
                name: "offsets",
                got: 0,
                expected: 1,
                because: "n_clients + 1 entries, at least the leading 0",
            });
        };
        check(first == 0, "offsets[0]", first, "0")?;
        if let Some(k) = offsets.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(Error::Element {
                name: "offsets",
                index: k + 1,
                value: offsets[k + 1].to_string(),
                allowed: "at least the entry before it",
            });
        }
        check_len("values", n_values, last as usize, "the last entry of offsets")?;
        Ok(Self(offsets))
    }

    /// How many clients there are.
    pub fn n_clients(self) -> usize {
        self.0.len() - 1
    }

    /// Where client `k`'s values stand.
    pub fn range(self, k: usize) -> Range<usize> {
        self.0[k] as usize..self.0[k + 1] as usize
    }

    /// How many values client `k` has.
    pub fn size(self, k: usize) -> usize {
        self.range(k).len()
    }
}

/// An owned ragged array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ragged<T> {
    /// The clients' values, one client after the other.
    pub values: Vec<T>,
    /// Where each client's values start, and the end.
    pub offsets: Vec<i64>,
}

/// Offsets of clients with the given sizes.
pub fn offsets_of(sizes: impl IntoIterator<Item = usize>) -> Vec<i64> {
    let mut end = 0;
    std::iter::once(0)
        .chain(sizes.into_iter().map(|size| {
            end += size as i64;
            end
        }))
        .collect()
}

/// Splits a buffer into one mutable slice per client, so that clients can be filled in parallel.
///
/// # Panics
/// Where `offsets` do not end at the buffer's length: an error of the caller.
pub fn split_mut<'a, T>(mut buffer: &'a mut [T], offsets: &[i64]) -> Vec<&'a mut [T]> {
    assert_eq!(buffer.len() as i64, offsets[offsets.len() - 1], "offsets must end at the buffer's length");
    let mut parts = Vec::with_capacity(offsets.len() - 1);
    for pair in offsets.windows(2) {
        let (head, tail) = buffer.split_at_mut((pair[1] - pair[0]) as usize);
        parts.push(head);
        buffer = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_checked() {
        assert!(Offsets::new(&[0, 2, 2, 5], 5).is_ok());
        for (bad, n) in [(&[][..], 0), (&[1, 2], 2), (&[0, 3, 2], 2), (&[0, 2], 3)] {
            assert!(Offsets::new(bad, n).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn split_covers_the_buffer() {
        let mut buffer = [1, 2, 3, 4, 5];
        let parts = split_mut(&mut buffer, &offsets_of([2, 0, 3]));
        assert_eq!(parts, [&[1, 2][..], &[], &[3, 4, 5]]);
    }
}

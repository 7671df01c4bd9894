//! Words of a column as codes, each distinct word kept once.

use std::collections::HashMap;

/// The code of a cell without a word, while a column is read.
pub(super) const NO_WORD: u32 = u32::MAX;

/// A column of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The place of each cell's word in `distinct`; its length where the cell is empty.
    pub codes: Vec<u32>,
    /// The words, in the order in which they came.
    pub distinct: Vec<Vec<u8>>,
}

/// Gives words their codes as they come.
#[derive(Debug, Default)]
pub(super) struct Codes<'a> {
    places: HashMap<&'a [u8], u32>,
    distinct: Vec<&'a [u8]>,
    /// The word that came last: it often comes again.
    last: (&'a [u8], u32),
}

impl<'a> Codes<'a> {
    /// The code of a word, which is not empty.
    #[inline]
    pub(super) fn of(&mut self, word: &'a [u8]) -> u32 {
        if self.last.0 != word {
            self.last = (word, self.look_up(word));
        }
        self.last.1
    }

    fn look_up(&mut self, word: &'a [u8]) -> u32 {
        *self.places.entry(word).or_insert_with(|| {
            self.distinct.push(word);
            self.distinct.len() as u32 - 1
        })
    }
}

/// Puts a column together whose parts were coded each by itself; `sizes` are the parts' numbers of cells.
pub(super) fn together(mut codes: Vec<u32>, sizes: &[usize], parts: &[&Codes<'_>]) -> Words {
    let mut whole = Codes::default();
    let mut rest = codes.as_mut_slice();
    for (part, &size) in parts.iter().zip(sizes) {
        let (own, behind) = rest.split_at_mut(size);
        rest = behind;
        let places: Vec<u32> = part.distinct.iter().map(|word| whole.look_up(word)).collect();
        if places.iter().enumerate().any(|(code, &place)| code as u32 != place) {
            for code in own.iter_mut().filter(|code| **code != NO_WORD) {
                *code = places[*code as usize];
            }
        }
    }
    let none = whole.distinct.len() as u32;
    for code in &mut codes {
        *code = none.min(*code);
    }
    Words { codes, distinct: whole.distinct.iter().map(|word| word.to_vec()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_stand_for_their_words(parts in prop::collection::vec(prop::collection::vec("[ab]{0,2}", 0..9), 0..5)) {
            let mut codes = vec![];
            let mut coded = vec![];
            for part in &parts {
                let mut own = Codes::default();
                codes.extend(part.iter().map(|word| if word.is_empty() { NO_WORD } else { own.of(word.as_bytes()) }));
                coded.push(own);
            }
            let sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
            let found = together(codes, &sizes, &coded.iter().collect::<Vec<_>>());
            for (word, &code) in parts.iter().flatten().zip(&found.codes) {
                match word.as_str() {
                    "" => prop_assert_eq!(code as usize, found.distinct.len()),
                    word => prop_assert_eq!(&found.distinct[code as usize], word.as_bytes()),
                }
            }
            let mut once = found.distinct.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), found.distinct.len());
        }
    }
}

//! The pages of a Parquet file: how much memory decompressing them takes, told by their headers alone.
//!
//! A page is decompressed in one piece, and one of each column is held at a time, so a small file can ask for any amount. Numbers of
//! fields are those of `parquet.thrift` of Apache Parquet's format; the encoding is Thrift's compact protocol.

const MOST_NESTED: usize = 32;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const DOUBLE: u8 = 7;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// What decompressing the pages of a row group takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Bytes of the largest pages of its columns together.
    pub bytes: u64,
    /// Its number, from 0.
    pub group: usize,
    /// The column with the largest of them, from 0.
    pub column: usize,
}

/// Finds the row group whose pages take the most memory.
///
/// None where the file cannot be followed: who reads it will say why.
#[must_use]
pub fn most_held(file: &[u8]) -> Option<Held> {
    let end = file.len().checked_sub(8)?;
    let length = u32::from_le_bytes(file[end..end + 4].try_into().ok()?);
    let start = end.checked_sub(usize::try_from(length).ok()?)?;
    let mut footer = Thrift { bytes: &file[start..end], at: 0 };
    let mut left = file.len(); // of headers: more of them do not fit into a file that is sound
    let mut most = Held::default();
    let mut group = 0;
    footer.fields(|footer, field, kind| {
        if (field, kind) != (4, LIST) {
            return footer.skip(kind, 0);
        }
        for _ in 0..footer.items(STRUCT)? {
            let held = held_by(footer, file, &mut left)?;
            if held.bytes > most.bytes {
                most = Held { group, ..held };
            }
            group += 1;
        }
        Some(())
    })?;
    Some(most)
}

/// Reads a row group, and what its pages take.
fn held_by(footer: &mut Thrift<'_>, file: &[u8], left: &mut usize) -> Option<Held> {
    let (mut held, mut largest) = (Held::default(), 0);
    footer.fields(|footer, field, kind| {
        if (field, kind) != (1, LIST) {
            return footer.skip(kind, 0);
        }
        for column in 0..footer.items(STRUCT)? {
            let size = largest_page(column_chunk(footer)?, file, left)?;
            held.bytes = held.bytes.saturating_add(size);
            if size > largest {
                (largest, held.column) = (size, column);
            }
        }
        Some(())
    })?;
    Some(held)
}

/// Reads where the pages of a column chunk lie.
fn column_chunk(footer: &mut Thrift<'_>) -> Option<(usize, usize)> {
    let (mut length, mut data, mut dictionary) = (0, 0, 0);
    footer.fields(|footer, field, kind| {
        if (field, kind) != (3, STRUCT) {
            return footer.skip(kind, 0);
        }
        footer.fields(|footer, field, kind| {
            match field {
                7 => length = footer.size(kind)?,
                9 => data = footer.size(kind)?,
                11 => dictionary = footer.size(kind)?,
                _ => footer.skip(kind, 0)?,
            }
            Some(())
        })
    })?;
    let start = if dictionary > 0 { dictionary.min(data) } else { data };
    Some((start, start.checked_add(length)?))
}

/// Goes along the headers of a column chunk's pages.
fn largest_page((mut at, end): (usize, usize), file: &[u8], left: &mut usize) -> Option<u64> {
    let mut largest = 0;
    while at < end {
        let mut header = Thrift { bytes: file.get(at..end)?, at: 0 };
        let (mut size, mut packed) = (0, 0);
        header.fields(|header, field, kind| {
            match field {
                2 => size = header.size(kind)?,
                3 => packed = header.size(kind)?,
                _ => header.skip(kind, 0)?,
            }
            Some(())
        })?;
        *left = left.checked_sub(header.at)?;
        largest = largest.max(size as u64);
        at = at.checked_add(header.at)?.checked_add(packed)?;
    }
    Some(largest)
}

/// Values of the compact protocol, one after the other.
struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    fn whole(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A whole number that is no negative one.
    fn size(&mut self, kind: u8) -> Option<usize> {
        let value = if (4..DOUBLE).contains(&kind) { self.whole()? } else { return None };
        if value % 2 == 0 { usize::try_from(value / 2).ok() } else { None } // zigzag: negative ones are odd
    }

    /// The fields of a struct: `read` gets the number and the kind of each, and must read it.
    fn fields(&mut self, mut read: impl FnMut(&mut Self, u64, u8) -> Option<()>) -> Option<()> {
        let mut field = 0_u64;
        loop {
            let byte = self.byte()?;
            let (step, kind) = (byte >> 4, byte & 0xf);
            if kind == 0 {
                return Some(());
            }
            field = if step == 0 { self.whole()? / 2 } else { field.checked_add(u64::from(step))? };
            read(self, field, kind)?;
        }
    }

    /// The number of items of a list, which must be of one kind.
    fn items(&mut self, kind: u8) -> Option<usize> {
        let (n, found) = self.list()?;
        (found == kind || n == 0).then_some(n)
    }

    fn list(&mut self) -> Option<(usize, u8)> {
        let byte = self.byte()?;
        let n = if byte >> 4 == 15 { usize::try_from(self.whole()?).ok()? } else { usize::from(byte >> 4) };
        Some((n, byte & 0xf))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            TRUE | FALSE => {}
            BYTE => self.at += 1,
            4..DOUBLE => drop(self.whole()?),
            DOUBLE => self.at += 8,
            TEXT => {
                let n = usize::try_from(self.whole()?).ok()?;
                self.at = self.at.checked_add(n)?;
            }
            _ if depth == MOST_NESTED => return None,
            LIST | SET => {
                let (n, kind) = self.list()?;
                self.skip_items(n, kind, depth)?;
            }
            MAP => {
                let n = usize::try_from(self.whole()?).ok()?;
                let kinds = if n > 0 { self.byte()? } else { 0 };
                for _ in 0..n {
                    self.skip_items(1, kinds >> 4, depth)?;
                    self.skip_items(1, kinds & 0xf, depth)?;
                }
            }
            STRUCT => self.fields(|thrift, _, kind| thrift.skip(kind, depth + 1))?,
            _ => return None,
        }
        (self.at <= self.bytes.len()).then_some(())
    }

    /// Items of a collection, of which a truth takes a byte.
    fn skip_items(&mut self, n: usize, kind: u8, depth: usize) -> Option<()> {
        for _ in 0..n {
            self.skip(if kind == TRUE || kind == FALSE { BYTE } else { kind }, depth + 1)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push((value % 0x80) as u8 | 0x80);
            value /= 0x80;
        }
        bytes.push(value as u8);
        bytes
    }

    /// A struct of fields, each with its number, kind and content.
    fn fields(content: &[(u8, u8, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, kind, value) in content {
            bytes.push(*kind);
            bytes.extend(whole(u64::from(*number) * 2));
            bytes.extend(value);
        }
        bytes.push(0);
        bytes
    }

    fn list(items: &[Vec<u8>]) -> Vec<u8> {
        [vec![0xf0 | STRUCT], whole(items.len() as u64), items.concat()].concat()
    }

    fn page(size: u64, packed: usize) -> Vec<u8> {
        let content = fields(&[(1, LIST, vec![0x21, 1, 2])]);
        let header = [
            (1, 5, vec![0]),
            (2, 5, whole(size * 2)),
            (3, 5, whole(packed as u64 * 2)),
            (5, STRUCT, content),
        ];
        [fields(&header), vec![7; packed]].concat()
    }

    /// A file of row groups of columns of pages, each given by its size.
    fn file(groups: &[Vec<Vec<u64>>]) -> Vec<u8> {
        let mut bytes = b"PAR1".to_vec();
        let mut told = Vec::new();
        for columns in groups {
            let mut chunks = Vec::new();
            for sizes in columns {
                let start = bytes.len() as u64;
                for &size in sizes {
                    bytes.extend(page(size, 3));
                }
                let offset = if sizes.len() > 1 { 11 } else { 9 };
                let data = if offset == 11 { bytes.len() as u64 - 1 } else { start };
                let mut meta =
                    vec![(3, LIST, vec![0x18, 1, b'a']), (7, 6, whole((bytes.len() as u64 - start) * 2))];
                meta.push((9, 6, whole(data * 2)));
                if offset == 11 {
                    meta.push((11, 6, whole(start * 2)));
                }
                chunks.push(fields(&[(2, 6, whole(0)), (3, STRUCT, fields(&meta))]));
            }
            told.push(fields(&[(1, LIST, list(&chunks)), (2, 6, whole(2))]));
        }
        let skipped = [
            (1, 5, whole(2)),
            (5, MAP, vec![1, 0x81, 1, b'k', 1]),
            (6, DOUBLE, vec![0; 8]),
            (7, TRUE, vec![]),
        ];
        let footer = fields(&[skipped.to_vec(), vec![(4, LIST, list(&told))]].concat());
        bytes.extend(&footer);
        bytes.extend((footer.len() as u32).to_le_bytes());
        bytes.extend(b"PAR1");
        bytes
    }

    #[test]
    fn the_largest_pages_of_a_row_group_add_up() {
        let groups = [vec![vec![10, 20], vec![5]], vec![vec![1], vec![9, 90, 9], vec![]], vec![vec![98]]];
        assert_eq!(most_held(&file(&groups)), Some(Held { bytes: 98, group: 2, column: 0 }));
        assert_eq!(most_held(&file(&groups[..2])), Some(Held { bytes: 91, group: 1, column: 1 }));
        assert_eq!(most_held(&file(&[])), Some(Held::default()));
        assert_eq!(most_held(b"PAR1"), None);
    }

    #[test]
    fn a_file_that_goes_in_circles_is_left() {
        let mut chunk = Vec::new();
        for field in [7, 9] {
            chunk.push((field, 6, whole(if field == 7 { 80 } else { 8 })));
        }
        let chunks = vec![fields(&[(3, STRUCT, fields(&chunk))]); 1000];
        let footer = fields(&[(4, LIST, list(&[fields(&[(1, LIST, list(&chunks))])]))]);
        let pages = [b"PAR1".to_vec(), page(1, 0).repeat(9)].concat();
        let tail = [footer.clone(), (footer.len() as u32).to_le_bytes().to_vec(), b"PAR1".to_vec()].concat();
        assert_eq!(most_held(&[pages, tail].concat()), None);
    }

    #[test]
    fn structs_may_not_nest_without_end() {
        let footer = [vec![STRUCT | 0x10; 100_000], vec![0; 100_001]].concat();
        let length = (footer.len() as u32).to_le_bytes().to_vec();
        assert_eq!(most_held(&[footer, length, b"PAR1".to_vec()].concat()), None);
    }

    proptest! {
        #[test]
        fn the_sum_is_found(groups in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(0_u64..1 << 40, 0..4), 0..4), 0..4)) {
            let held = |columns: &Vec<Vec<u64>>| columns.iter().map(|sizes| sizes.iter().max().unwrap_or(&0)).sum::<u64>();
            prop_assert_eq!(most_held(&file(&groups)).unwrap().bytes, groups.iter().map(held).max().unwrap_or(0));
        }

        #[test]
        fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), place in 0_usize..500, value: u8) {
            let _ = most_held(&bytes);
            bytes = file(&[vec![vec![10, 20], vec![5]], vec![vec![1]]]);
            let place = place % bytes.len();
            bytes[place] = value;
            let _ = most_held(&bytes);
        }
    }
}

//! Lines of cells as columns of numbers, where every line is sound.

use rayon::prelude::*;

use super::number::{plain, whole};
use super::words::{Codes, NO_WORD, Words, together};
use crate::error::{Result, check, zeros};

/// Bytes of the lines that one thread reads at a time, about.
const PART: usize = 1 << 18;

/// What is wanted of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Skipped,
    /// A number in every cell.
    Number,
    /// A number in every cell, or a word for a missing one.
    NumberOrMissing,
    /// A word, of which there are few.
    Word,
    /// The cell as it stands.
    Text,
    /// Nothing may stand there.
    Empty,
}

/// How lines are made of cells.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// What stands between cells.
    pub separator: u8,
    /// What may stand around a cell.
    pub quote: Option<u8>,
    /// What is wanted of each column.
    pub kinds: &'a [Kind],
    /// What stands for "no value", beside the usual ones.
    pub unset: &'a [&'a [u8]],
}

/// What was read of some lines.
#[derive(Debug, PartialEq)]
pub struct Lines {
    /// Number of lines.
    pub n: usize,
    /// Numbers, column after column; NaN where one is missing.
    pub numbers: Vec<f64>,
    /// The columns of words, without blanks and quotes around them.
    pub words: Vec<Words>,
    /// The cells of the text columns, as lines with the same separator.
    pub text: Vec<u8>,
}

/// Reads lines, each ended by a line feed, in parallel.
///
/// None unless every line has exactly one cell for each column and every cell is of its kind. A quote must open a cell
/// and close it, and none may stand inside.
///
/// # Errors
/// [`crate::Error`] if there are no columns, or the separator or the quote cannot be told from other letters.
pub fn parse(content: &[u8], columns: Columns<'_>) -> Result<Option<Lines>> {
    let Columns { separator, quote, kinds, .. } = columns;
    check(!kinds.is_empty(), "kinds", 0, "at least one column")?;
    let is_mark = |byte: u8| byte.is_ascii() && !b"\r\n0123456789+-.eE".contains(&byte);
    check(
        is_mark(separator),
        "separator",
        separator,
        "an ASCII letter that is in no number and ends no line",
    )?;
    let sound = quote.is_none_or(|quote| is_mark(quote) && quote != separator && !b" \t".contains(&quote));
    check(
        sound,
        "quote",
        quote.unwrap_or_default(),
        "an ASCII letter other than the separator, and no blank",
    )?;
    if !content.is_empty() && !content.ends_with(b"\n") {
        return Ok(None);
    }
    let parts = cut(content);
    let sizes: Vec<usize> = parts.par_iter().map(|part| count(part, b'\n')).collect();
    let n = sizes.iter().sum();
    let n_numbers = kinds.iter().filter(|kind| kind.is_number()).count();
    let mut numbers = zeros(n_numbers.checked_mul(n), || {
        format!("content: numbers of {n} lines do not fit into memory; read fewer lines at a time")
    })?;
    let mut codes = vec![NO_WORD; n * kinds.iter().filter(|&&kind| kind == Kind::Word).count()];
    let outs = by_part(&mut numbers, n, &sizes).into_iter().zip(by_part(&mut codes, n, &sizes));
    let read: Option<Vec<Part<'_>>> = parts
        .into_par_iter()
        .zip(outs.collect::<Vec<_>>())
        .map(|(part, (numbers, codes))| Reader::new(columns, part, numbers, codes).read())
        .collect();
    Ok(read.map(|read| Lines {
        n,
        words: words_of(&codes, n, &sizes, &read),
        numbers,
        text: read.iter().flat_map(|part| &part.text).copied().collect(),
    }))
}

/// What a part of the lines holds beside numbers and codes.
struct Part<'a> {
    text: Vec<u8>,
    words: Vec<Codes<'a>>,
}

/// Puts the columns of words together.
fn words_of(codes: &[u32], n: usize, sizes: &[usize], parts: &[Part<'_>]) -> Vec<Words> {
    let n_columns = parts.first().map_or(0, |part| part.words.len());
    (0..n_columns)
        .into_par_iter()
        .map(|column| {
            let own: Vec<&Codes<'_>> = parts.iter().map(|part| &part.words[column]).collect();
            together(codes[column * n..][..n].to_vec(), sizes, &own)
        })
        .collect()
}

impl Kind {
    fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::NumberOrMissing)
    }
}

/// Cuts lines into parts of whole lines.
fn cut(mut content: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while !content.is_empty() {
        let enough = content.get(PART..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n'));
        let (part, rest) = content.split_at(enough.map_or(content.len(), |more| PART + more + 1));
        parts.push(part);
        content = rest;
    }
    parts
}

fn count(bytes: &[u8], letter: u8) -> usize {
    // Sums of bytes are counted side by side; 255 of them fit.
    bytes
        .chunks(255)
        .map(|chunk| usize::from(chunk.iter().map(|&byte| u8::from(byte == letter)).sum::<u8>()))
        .sum()
}

/// The place of each part's rows in each column.
fn by_part<'a, T>(cells: &'a mut [T], n: usize, sizes: &[usize]) -> Vec<Vec<&'a mut [T]>> {
    let mut outs: Vec<Vec<&mut [T]>> = sizes.iter().map(|_| Vec::new()).collect();
    for mut column in cells.chunks_exact_mut(n.max(1)) {
        for (out, &size) in outs.iter_mut().zip(sizes) {
            let (part, rest) = column.split_at_mut(size);
            out.push(part);
            column = rest;
        }
    }
    outs
}

/// Goes along the cells of some lines.
struct Reader<'a, 'out> {
    columns: Columns<'a>,
    content: &'a [u8],
    at: usize,
    n_quotes: usize,
    numbers: Vec<&'out mut [f64]>,
    codes: Vec<&'out mut [u32]>,
    part: Part<'a>,
}

impl<'a, 'out> Reader<'a, 'out> {
    fn new(
        columns: Columns<'a>,
        content: &'a [u8],
        numbers: Vec<&'out mut [f64]>,
        codes: Vec<&'out mut [u32]>,
    ) -> Self {
        let words = codes.iter().map(|_| Codes::default()).collect();
        let part = Part { text: Vec::new(), words };
        Self { columns, content, at: 0, n_quotes: 0, numbers, codes, part }
    }

    /// Reads all lines, or returns None where something is not as it should be.
    fn read(mut self) -> Option<Part<'a>> {
        let mut line = 0;
        while self.at < self.content.len() {
            if self.content[self.at] == b'\n' {
                return None;
            }
            self.line(line)?;
            line += 1;
        }
        // A quote that was not seen at the edge of a cell stands inside one.
        let n_quotes = self.columns.quote.map_or(0, |quote| count(self.content, quote));
        (self.n_quotes == n_quotes).then_some(self.part)
    }

    #[inline]
    fn line(&mut self, line: usize) -> Option<()> {
        let Columns { separator, kinds, .. } = self.columns;
        let (mut number, mut word, mut n_texts) = (0, 0, 0);
        for (column, &kind) in kinds.iter().enumerate() {
            let end = if column + 1 == kinds.len() { b'\n' } else { separator };
            if kind.is_number() {
                self.numbers[number][line] = self.number(end, kind)?;
                number += 1;
                continue;
            }
            let cell = self.cell(end)?;
            match kind {
                Kind::Word => {
                    self.codes[word][line] = self.code(word, cell);
                    word += 1;
                }
                Kind::Text => {
                    if n_texts > 0 {
                        self.part.text.push(separator);
                    }
                    self.part.text.extend_from_slice(cell);
                    n_texts += 1;
                }
                Kind::Empty if !self.trimmed(cell).is_empty() => return None,
                _ => {}
            }
        }
        if n_texts > 0 {
            self.part.text.push(b'\n');
        }
        Some(())
    }

    /// The code of a cell of a column of words.
    #[inline]
    fn code(&mut self, column: usize, cell: &'a [u8]) -> u32 {
        let word = self.trimmed(self.bare(cell));
        if word.is_empty() || self.columns.unset.contains(&word) {
            return NO_WORD;
        }
        self.part.words[column].of(word)
    }

    /// The number in the next cell.
    #[inline]
    fn number(&mut self, end: u8, kind: Kind) -> Option<f64> {
        let rest = &self.content[self.at..];
        if let Some((value, length)) = plain(rest)
            && rest.get(length) == Some(&end)
        {
            self.at += length + 1;
            return Some(value);
        }
        self.odd_number(end, kind)
    }

    fn odd_number(&mut self, end: u8, kind: Kind) -> Option<f64> {
        let cell = self.cell(end)?;
        let value = whole(self.trimmed(self.bare(cell)), self.columns.unset)?;
        (kind == Kind::NumberOrMissing || !value.is_nan()).then_some(value)
    }

    /// The next cell with the quotes around it; it must end in `end`.
    #[inline]
    fn cell(&mut self, end: u8) -> Option<&'a [u8]> {
        let (separator, rest) = (self.columns.separator, &self.content[self.at..]);
        let length = if self.columns.quote.is_some_and(|quote| rest.first() == Some(&quote)) {
            self.n_quotes += 2;
            2 + rest[1..].iter().position(|&byte| byte == rest[0] || byte == b'\n')?
        } else {
            rest.iter().position(|&byte| byte == separator || byte == b'\n')?
        };
        if rest.get(length) != Some(&end) {
            return None;
        }
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// A cell without quotes around it.
    fn bare<'c>(&self, cell: &'c [u8]) -> &'c [u8] {
        let bare = self.columns.quote.and_then(|quote| cell.strip_prefix(&[quote])?.strip_suffix(&[quote]));
        bare.unwrap_or(cell)
    }

    /// A cell without blanks around it.
    fn trimmed<'c>(&self, mut cell: &'c [u8]) -> &'c [u8] {
        let is_blank = |byte: &u8| b" \t".contains(byte) && *byte != self.columns.separator;
        while let [first, rest @ ..] = cell
            && is_blank(first)
        {
            cell = rest;
        }
        while let [rest @ .., last] = cell
            && is_blank(last)
        {
            cell = rest;
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    const ALL: [Kind; 4] = [Kind::Number, Kind::Text, Kind::NumberOrMissing, Kind::Skipped];

    fn read(content: &str, kinds: &[Kind]) -> Option<Lines> {
        let columns = Columns { separator: b',', quote: Some(b'"'), kinds, unset: &[b"unset"] };
        parse(content.as_bytes(), columns).unwrap()
    }

    #[test]
    fn sound_lines_are_read() {
        let found = read("1,tcp,-,x\n 2.5 ,\"u,dp\",\"7\",\n3e1,,unset,\"\"\n", &ALL).unwrap();
        assert_eq!(found.n, 3);
        assert_eq!(found.numbers[..3], [1.0, 2.5, 30.0]);
        assert!(found.numbers[3].is_nan() && found.numbers[5].is_nan());
        assert_eq!(found.text, b"tcp\n\"u,dp\"\n\n");
        assert_eq!(read("", &ALL), Some(Lines { n: 0, numbers: vec![], words: vec![], text: vec![] }));
        assert!(read("1,\n", &[Kind::Number, Kind::Empty]).is_some());
    }

    #[test]
    fn words_are_read() {
        let kinds = [Kind::Word, Kind::Number];
        let found = read("tcp,1\n\" tcp\",2\n,3\nunset,4\n udp ,5\n", &kinds).unwrap();
        let expected = Words { codes: vec![0, 0, 2, 2, 1], distinct: vec![b"tcp".to_vec(), b"udp".to_vec()] };
        assert_eq!(found.words, [expected]);
    }

    #[test]
    fn anything_else_is_none() {
        let faulty = [
            "1,a,2\n",
            "1,a,2,x,y\n",
            "1,a,2,x",
            "\n",
            "1,a,2,x\n\n",
            "-,a,2,x\n",
            "many,a,2,x\n",
            "1,a\"b,2,x\n",
            "1,\"a,2,x\n",
            "1,\"a\"b,2,x\n",
            "1,\"a\"\"b\",2,x\n",
            "1,a,2,\"x\ny\"\n",
            "1e200,a,2,x\n",
            ",a,2,x\n",
        ];
        for content in faulty {
            assert_eq!(read(content, &ALL), None, "{content:?}");
            assert_eq!(read(&("1,a,2,x\n".to_owned() + content), &ALL), None, "{content:?}");
        }
        assert_eq!(read("1,x\n", &[Kind::Number, Kind::Empty]), None);
    }

    #[test]
    fn impossible_marks_are_refused() {
        let columns = Columns { separator: b',', quote: None, kinds: &ALL, unset: &[] };
        for separator in *b"1.\n\xff" {
            assert!(parse(b"", Columns { separator, ..columns }).is_err());
        }
        for quote in *b", 1" {
            assert!(parse(b"", Columns { quote: Some(quote), ..columns }).is_err());
        }
        assert!(parse(b"", Columns { kinds: &[], ..columns }).is_err());
    }

    proptest! {
        #[test]
        fn numbers_come_back_whatever_the_parts(rows in prop::collection::vec((any::<i32>(), -1.0..1.0_f64), 0..3000)) {
            let mut content = String::new();
            for (whole, real) in &rows {
                writeln!(content, "{whole},{real},{},{}", "x".repeat(200), whole % 5).unwrap();
            }
            let kinds = [Kind::Number, Kind::Number, Kind::Text, Kind::Word];
            let found = read(&content, &kinds).unwrap();
            for (code, (whole, _)) in found.words[0].codes.iter().zip(&rows) {
                prop_assert_eq!(&found.words[0].distinct[*code as usize], &(whole % 5).to_string().into_bytes());
            }
            let (wholes, reals) = found.numbers.split_at(rows.len());
            for (i, &(whole, real)) in rows.iter().enumerate() {
                prop_assert_eq!(wholes[i].to_bits(), f64::from(whole).to_bits());
                prop_assert_eq!(reals[i].to_bits(), real.to_bits());
            }
            prop_assert_eq!(found.text.len(), 201 * rows.len());
        }

        #[test]
        fn no_bytes_make_it_fail(content in prop::collection::vec(prop::sample::select(b"12.e-\", \n\xffa".to_vec()), 0..60)) {
            let columns = Columns { separator: b',', quote: Some(b'"'), kinds: &ALL[..2], unset: &[] };
            let _ = parse(&content, columns).unwrap();
        }
    }
}

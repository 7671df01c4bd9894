//! Lines of cells as rows of numbers and columns of words, where every line is sound.

use rayon::prelude::*;

use super::number::{plain, whole};
use super::words::{Codes, NO_WORD, Words, together};
use crate::error::{Error, Result, check, zeros};

/// Bytes of the lines that one thread reads at a time, about.
const PART: usize = 1 << 18;

/// What is wanted of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Skipped,
    /// A number in every cell, or what its place allows for a missing one.
    Number,
    /// A word, of which there are few.
    Word,
    /// The cell as it stands.
    Text,
    /// Nothing may stand there.
    Empty,
}

/// Where a column's numbers go in a row.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Their column in a row.
    pub column: usize,
    /// Whether a negative number is a missing one.
    pub heavy: bool,
    /// The column of a row that tells of a missing number; None where none may be missing.
    pub flag: Option<usize>,
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
    /// Where the numbers of each column of numbers go.
    pub places: &'a [Place],
    /// Numbers of a row.
    pub width: usize,
    /// What stands for "no value", beside the usual ones.
    pub unset: &'a [&'a [u8]],
}

/// What was read of some lines.
#[derive(Debug, Default, PartialEq)]
pub struct Lines {
    /// Number of lines.
    pub n: usize,
    /// Numbers, (n, `width`): 0 where one is missing, and 1 in the flag's column then.
    pub numeric: Vec<f64>,
    /// The columns of words, without blanks and quotes around them.
    pub words: Vec<Words>,
    /// The columns of texts, likewise.
    pub texts: Vec<Texts>,
}

/// A column of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// All cells, one behind the other.
    pub content: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<i64>,
}

/// Reads lines, each ended by a line feed, in parallel.
///
/// None unless every line has exactly one cell for each column and every cell is of its kind. A quote must open a cell
/// and close it, and none may stand inside.
///
/// # Errors
/// [`crate::Error`] if there are no columns, a place lies outside of a row, or the separator or the quote cannot be told
/// from other letters.
pub fn parse(content: &[u8], columns: Columns<'_>) -> Result<Option<Lines>> {
    columns.check()?;
    let Columns { kinds, width, .. } = columns;
    if !content.is_empty() && !content.ends_with(b"\n") {
        return Ok(None);
    }
    let parts = cut(content);
    let sizes: Vec<usize> = parts.par_iter().map(|part| count(part, b'\n')).collect();
    let n = sizes.iter().sum();
    let mut numeric = zeros(width.checked_mul(n), || {
        format!("content: numbers of {n} lines do not fit into memory; read fewer lines at a time")
    })?;
    let n_words = kinds.iter().filter(|&&kind| kind == Kind::Word).count();
    let mut codes = vec![NO_WORD; n * n_words];
    let outs = by_part(&mut numeric, width, &sizes).into_iter().zip(by_column(&mut codes, n, &sizes));
    let read: Option<Vec<Part<'_>>> = parts
        .into_par_iter()
        .zip(outs.collect::<Vec<_>>())
        .map(|(part, (rows, codes))| Reader::new(columns, part, codes).read(rows))
        .collect();
    let Some(read) = read else { return Ok(None) };
    let words = words_of(&codes, n, &sizes, &read);
    let texts = texts_of(&read);
    Ok(Some(Lines { n, numeric, words, texts }))
}

impl Columns<'_> {
    fn check(&self) -> Result<()> {
        check(!self.kinds.is_empty(), "kinds", 0, "at least one column")?;
        let is_mark = |byte: u8| byte.is_ascii() && !b"\r\n0123456789+-.eE".contains(&byte);
        check(
            is_mark(self.separator),
            "separator",
            self.separator,
            "an ASCII letter that is in no number and ends no line",
        )?;
        let is_quote = |quote| is_mark(quote) && quote != self.separator && !b" \t".contains(&quote);
        check(
            self.quote.is_none_or(is_quote),
            "quote",
            self.quote.unwrap_or_default(),
            "an ASCII letter other than the separator, and no blank",
        )?;
        let n_numbers = self.kinds.iter().filter(|&&kind| kind == Kind::Number).count();
        check(self.places.len() == n_numbers, "places", self.places.len(), "one for each column of numbers")?;
        let outside = |place: &Place| place.column.max(place.flag.unwrap_or(0)) >= self.width;
        match self.places.iter().position(outside) {
            None => Ok(()),
            Some(index) => Err(Error::Element {
                name: "places",
                index,
                value: self.places[index].column.to_string(),
                allowed: "a column of a row, and so its flag",
            }),
        }
    }
}

/// What a part of the lines holds beside numbers and codes.
struct Part<'a> {
    words: Vec<Codes<'a>>,
    texts: Vec<Texts>,
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

/// Puts the columns of texts together.
fn texts_of(parts: &[Part<'_>]) -> Vec<Texts> {
    let n_columns = parts.first().map_or(0, |part| part.texts.len());
    let mut whole = vec![Texts::default(); n_columns];
    for part in parts {
        for (whole, own) in whole.iter_mut().zip(&part.texts) {
            let start = whole.content.len() as i64;
            whole.content.extend_from_slice(&own.content);
            whole.ends.extend(own.ends.iter().map(|end| start + end));
        }
    }
    whole
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

/// The rows of each part.
fn by_part<'a>(rows: &'a mut [f64], width: usize, sizes: &[usize]) -> Vec<&'a mut [f64]> {
    let mut rest = rows;
    let mut outs = Vec::new();
    for &size in sizes {
        let (own, behind) = rest.split_at_mut(size * width);
        outs.push(own);
        rest = behind;
    }
    outs
}

/// The cells of each part in each column.
fn by_column<'a>(codes: &'a mut [u32], n: usize, sizes: &[usize]) -> Vec<Vec<&'a mut [u32]>> {
    let mut outs: Vec<Vec<&mut [u32]>> = sizes.iter().map(|_| Vec::new()).collect();
    for mut column in codes.chunks_exact_mut(n.max(1)) {
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
    codes: Vec<&'out mut [u32]>,
    part: Part<'a>,
}

impl<'a, 'out> Reader<'a, 'out> {
    fn new(columns: Columns<'a>, content: &'a [u8], codes: Vec<&'out mut [u32]>) -> Self {
        let n_texts = columns.kinds.iter().filter(|&&kind| kind == Kind::Text).count();
        let words = codes.iter().map(|_| Codes::default()).collect();
        let part = Part { words, texts: vec![Texts::default(); n_texts] };
        Self { columns, content, at: 0, n_quotes: 0, codes, part }
    }

    /// Reads all lines, or returns None where something is not as it should be.
    fn read(mut self, rows: &mut [f64]) -> Option<Part<'a>> {
        let (mut line, width) = (0, self.columns.width);
        while self.at < self.content.len() {
            if self.content[self.at] == b'\n' {
                return None;
            }
            self.line(line, &mut rows[line * width..][..width])?;
            line += 1;
        }
        // A quote that was not seen at the edge of a cell stands inside one.
        let n_quotes = self.columns.quote.map_or(0, |quote| count(self.content, quote));
        (self.n_quotes == n_quotes).then_some(self.part)
    }

    #[inline]
    fn line(&mut self, line: usize, row: &mut [f64]) -> Option<()> {
        let Columns { separator, kinds, places, .. } = self.columns;
        let (mut number, mut word, mut text) = (0, 0, 0);
        for (column, &kind) in kinds.iter().enumerate() {
            let end = if column + 1 == kinds.len() { b'\n' } else { separator };
            if kind == Kind::Number {
                let value = self.number(end)?;
                let place = places[number];
                number += 1;
                if value.is_nan() || (place.heavy && value < 0.0) {
                    row[place.flag?] = 1.0;
                } else {
                    row[place.column] = value;
                }
                continue;
            }
            let cell = self.cell(end)?;
            match kind {
                Kind::Word => {
                    let word_of = self.value(cell);
                    self.codes[word][line] = word_of.map_or(NO_WORD, |cell| self.part.words[word].of(cell));
                    word += 1;
                }
                Kind::Text => {
                    let value = self.value(cell).unwrap_or_default();
                    let Texts { content, ends } = &mut self.part.texts[text];
                    content.extend_from_slice(value);
                    ends.push(content.len() as i64);
                    text += 1;
                }
                Kind::Empty if !self.trimmed(cell).is_empty() => return None,
                _ => {}
            }
        }
        Some(())
    }

    /// What a cell says, without blanks and quotes around it; None where that is nothing.
    #[inline]
    fn value(&self, cell: &'a [u8]) -> Option<&'a [u8]> {
        let value = self.trimmed(self.bare(cell));
        (!value.is_empty() && !self.columns.unset.contains(&value)).then_some(value)
    }

    /// The number in the next cell, NaN where it is missing.
    #[inline]
    fn number(&mut self, end: u8) -> Option<f64> {
        let rest = &self.content[self.at..];
        if let &[digit @ b'0'..=b'9', behind, ..] = rest
            && behind == end
        {
            self.at += 2;
            return Some(f64::from(digit - b'0'));
        }
        if let Some((value, length)) = plain(rest)
            && rest.get(length) == Some(&end)
        {
            self.at += length + 1;
            return Some(value);
        }
        let cell = self.cell(end)?;
        whole(self.trimmed(self.bare(cell)), self.columns.unset)
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

    const ALL: [Kind; 4] = [Kind::Number, Kind::Text, Kind::Number, Kind::Skipped];
    /// The first may lack no number, the second may, and has none below 0.
    const PLACES: [Place; 2] =
        [Place { column: 1, heavy: false, flag: None }, Place { column: 0, heavy: true, flag: Some(2) }];
    const COLUMNS: Columns<'_> = Columns {
        separator: b',',
        quote: Some(b'"'),
        kinds: &ALL,
        places: &PLACES,
        width: 3,
        unset: &[b"unset"],
    };

    fn read(content: &str, kinds: &[Kind]) -> Option<Lines> {
        let n_numbers = kinds.iter().filter(|&&kind| kind == Kind::Number).count();
        parse(content.as_bytes(), Columns { kinds, places: &PLACES[..n_numbers], ..COLUMNS }).unwrap()
    }

    fn cells(texts: &Texts) -> Vec<&[u8]> {
        let starts = [0].iter().chain(&texts.ends);
        starts.zip(&texts.ends).map(|(&start, &end)| &texts.content[start as usize..end as usize]).collect()
    }

    #[test]
    fn sound_lines_are_read() {
        let found = read("1,tcp,-,x\n 2.5 ,\"u,dp\",\"7\",\n3e1,,unset,\"\"\n-4, x ,-5,\n", &ALL).unwrap();
        assert_eq!(found.n, 4);
        let rows = [[0.0, 1.0, 1.0], [7.0, 2.5, 0.0], [0.0, 30.0, 1.0], [0.0, -4.0, 1.0]];
        assert_eq!(found.numeric, rows.concat());
        assert_eq!(cells(&found.texts[0]), [&b"tcp"[..], b"u,dp", b"", b"x"]);
        let nothing = read("", &[Kind::Skipped]).unwrap();
        assert_eq!((nothing.n, nothing.numeric.len()), (0, 0));
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
        let columns = Columns { quote: None, ..COLUMNS };
        for separator in *b"1.\n\xff" {
            assert!(parse(b"", Columns { separator, ..columns }).is_err());
        }
        for quote in *b", 1" {
            assert!(parse(b"", Columns { quote: Some(quote), ..columns }).is_err());
        }
        assert!(parse(b"", Columns { kinds: &[], places: &[], ..columns }).is_err());
        assert!(parse(b"", Columns { places: &[], ..columns }).is_err());
        assert!(parse(b"", Columns { width: 2, ..columns }).is_err());
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
            for (code, (whole, _)) in found.words.iter().flat_map(|words| &words.codes).zip(&rows) {
                prop_assert_eq!(&found.words[0].distinct[*code as usize], &(whole % 5).to_string().into_bytes());
            }
            for (row, &(whole, real)) in found.numeric.chunks_exact(3).zip(&rows) {
                prop_assert_eq!(row[1].to_bits(), f64::from(whole).to_bits());
                let expected = if real < 0.0 { [0.0, 1.0] } else { [real, 0.0] };
                prop_assert_eq!([row[0].to_bits(), row[2].to_bits()], expected.map(f64::to_bits));
            }
            prop_assert_eq!(found.texts.first().map_or(0, |texts| texts.content.len()), 200 * rows.len());
        }

        #[test]
        fn no_bytes_make_it_fail(content in prop::collection::vec(prop::sample::select(b"12.e-\", \n\xffa".to_vec()), 0..60)) {
            let _ = parse(&content, Columns { kinds: &ALL[..2], places: &PLACES[1..], ..COLUMNS }).unwrap();
        }
    }
}

//! A cell as a number.

/// The largest number that a feature may hold.
pub const LARGEST: f64 = 1e100;

/// What stands for a missing number, in lower case; other than what parses as one.
const MISSING: [&[u8]; 9] = [b"", b"-", b"?", b"null", b"none", b"na", b"n/a", b"(empty)", b"+nan"];

/// Powers of ten that are exact.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads a plain decimal number from the beginning of `bytes`: its value, and how many bytes it has.
///
/// None where it has so many digits that one division would round twice, or an exponent, or is no number; the byte
/// behind it is not looked at. The value is the nearest float: both the digits and the power of ten are exact.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> Option<(f64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let first = usize::from(negative);
    let (whole, mut at) = digits(bytes, first, 0);
    let (mut value, mut n, mut decimals) = (whole, at - first, 0);
    if bytes.get(at) == Some(&b'.') {
        let (both, end) = digits(bytes, at + 1, whole);
        decimals = end - at - 1;
        (value, n, at) = (both, n + decimals, end);
    }
    // At most 18 digits do not overflow; leading zeros may be many, and are then left to the slow way.
    if n == 0 || n > 18 || value > 1 << 53 {
        return None;
    }
    let value = if decimals == 0 { value as f64 } else { value as f64 / TENS[decimals] };
    Some((if negative { -value } else { value }, at))
}

/// Goes on with the digits from `at` on: the number with them, and where they end.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (value, at)
}

/// Reads a whole cell, without blanks around it: NaN where a number is missing; None where it is neither.
#[cold]
pub(super) fn whole(cell: &[u8], unset: &[&[u8]]) -> Option<f64> {
    if unset.contains(&cell) {
        return Some(f64::NAN);
    }
    let parsed = std::str::from_utf8(cell).ok().and_then(|text| text.parse::<f64>().ok());
    match parsed {
        Some(value) if value.is_finite() => (value.abs() <= LARGEST).then_some(value),
        Some(_) => Some(f64::NAN),
        None if cell.eq_ignore_ascii_case(b"true") => Some(1.0),
        None if cell.eq_ignore_ascii_case(b"false") => Some(0.0),
        None => {
            let is_missing = MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word));
            is_missing.then_some(f64::NAN)
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the nearest float is one float")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_for_nothing_are_missing_and_others_are_no_numbers() {
        for cell in
            ["", "-", "?", "NaN", "Null", "N/A", "Infinity", "-inf", "+INF", "(empty)", "1e999", "unset"]
        {
            assert!(whole(cell.as_bytes(), &[b"unset"]).is_some_and(f64::is_nan), "{cell}");
        }
        assert_eq!(whole(b"True", &[]), Some(1.0));
        assert_eq!(whole(b"false", &[]), Some(0.0));
        for cell in ["many", "1e200", "-1e200", "0x10", "1,5", "1_000", "--1", "truth"] {
            assert_eq!(whole(cell.as_bytes(), &[]), None, "{cell}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left() {
        for cell in [
            "",
            "-",
            ".",
            "-.",
            "x1",
            "+1",
            "9007199254740994",
            "0000000000000000000",
            "1.0000000000000000000",
        ] {
            assert_eq!(plain(cell.as_bytes()), None, "{cell}");
        }
        assert_eq!(plain(b"1e5"), Some((1.0, 1)));
        assert_eq!(plain(b"5."), Some((5.0, 2)));
        assert_eq!(plain(b"-.5;"), Some((-0.5, 3)));
    }

    proptest! {
        #[test]
        fn plain_numbers_equal_the_librarys(
            text in "-?[0-9]{0,20}(\\.[0-9]{0,20})?", behind in "([,;x:/][0-9.]{0,20})?",
        ) {
            let found = plain((text.clone() + &behind).as_bytes());
            prop_assert!(found.is_some() || text.len() > 15 || !text.contains(char::is_numeric), "{}", text);
            if let Some((value, end)) = found {
                prop_assert_eq!(end, text.len());
                prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits());
                prop_assert_eq!(whole(text.as_bytes(), &[]).unwrap().to_bits(), value.to_bits());
            }
        }

        #[test]
        fn floats_are_read_back(value in any::<f64>()) {
            let read = whole(format!("{value:?}").as_bytes(), &[]);
            match value.is_finite() {
                true if value.abs() <= LARGEST => prop_assert_eq!(read, Some(value)),
                true => prop_assert_eq!(read, None),
                false => prop_assert!(read.unwrap().is_nan()),
            }
        }
    }
}

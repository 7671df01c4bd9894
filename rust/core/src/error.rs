//! The one error type: every variant names the argument, what it was, what is allowed and what to do.

/// What a kernel refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A scalar lies outside its range.
    #[error("{name} must be {allowed}, got {value}")]
    Scalar {
        /// The argument.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it may be, and what to do.
        allowed: &'static str,
    },
    /// One element of an array lies outside its range.
    #[error("{name}[{index}] must be {allowed}, got {value}")]
    Element {
        /// The argument.
        name: &'static str,
        /// Where in it.
        index: usize,
        /// What stood there.
        value: String,
        /// What may stand there, and what to do.
        allowed: &'static str,
    },
    /// Two arguments do not fit each other.
    #[error("{name} must have {expected} elements ({because}), got {got}")]
    Length {
        /// The argument.
        name: &'static str,
        /// How long it is.
        got: usize,
        /// How long it must be.
        expected: usize,
        /// Why.
        because: &'static str,
    },
    /// The arguments are valid one by one and impossible together.
    #[error("{0}")]
    Impossible(String),
    /// A training left the numbers that floats have, for whatever is named.
    #[error("the update of {0} is not finite: its training diverged; lower learning_rate")]
    Diverged(String),
}

/// What a kernel returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Refuses a scalar that fails its condition.
///
/// # Errors
/// [`Error::Scalar`] where `ok` is false.
#[expect(clippy::needless_pass_by_value, reason = "numbers and fresh strings, written without a `&`")]
pub fn check(ok: bool, name: &'static str, value: impl ToString, allowed: &'static str) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::Scalar { name, value: shown(value.to_string()), allowed }) }
}

/// Refuses an array of the wrong length.
///
/// # Errors
/// [`Error::Length`] where `got` is not `expected`.
pub fn check_len(name: &'static str, got: usize, expected: usize, because: &'static str) -> Result<()> {
    if got == expected { Ok(()) } else { Err(Error::Length { name, got, expected, because }) }
}

/// Refuses the first element that fails its condition.
///
/// # Errors
/// [`Error::Element`] for the first element for which `ok` is false.
pub fn check_all<T: Copy + ToString>(
    name: &'static str,
    values: &[T],
    allowed: &'static str,
    ok: impl Fn(T) -> bool,
) -> Result<()> {
    match values.iter().position(|&value| !ok(value)) {
        None => Ok(()),
        Some(index) => Err(Error::Element { name, index, value: shown(values[index].to_string()), allowed }),
    }
}

/// Writes a number of hundreds of digits, such as 1e-300, by its exponent.
fn shown(value: String) -> String {
    match value.parse::<f64>() {
        Ok(number) if value.len() > 24 => format!("{number:e}"),
        _ => value,
    }
}

/// Takes memory for `n` values, of which a slip in an argument can ask too many: an ordinary allocation would
/// then end the process. `None` is a number that overflowed.
///
/// # Errors
/// [`Error::Impossible`] where there is not as much; `what` says so.
pub fn room<T>(n: Option<usize>, what: impl FnOnce() -> String) -> Result<Vec<T>> {
    let mut made = Vec::new();
    match n.map(|n| made.try_reserve_exact(n)) {
        Some(Ok(())) => Ok(made),
        _ => Err(Error::Impossible(what())),
    }
}

/// `n` zeros, or an error as of [`room`]. The zeros come from the system, page by page as threads touch them.
///
/// # Errors
/// [`Error::Impossible`] where there is not as much memory; `what` says so.
pub fn zeros<T: Default + Clone>(n: Option<usize>, what: impl FnOnce() -> String) -> Result<Vec<T>> {
    drop(room::<T>(n, what)?);
    Ok(vec![T::default(); n.unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_hundreds_of_digits_are_written_by_their_exponent() {
        let message = |value: f64| check(false, "alpha", value, "above 0").unwrap_err().to_string();
        assert_eq!(message(1e-300), "alpha must be above 0, got 1e-300");
        assert_eq!(message(0.25), "alpha must be above 0, got 0.25");
        assert_eq!(message(f64::NAN), "alpha must be above 0, got NaN");
        let all = check_all("points", &[1.0, -1e300], "small", |x: f64| x > 0.0);
        assert_eq!(all.unwrap_err().to_string(), "points[1] must be small, got -1e300");
    }

    #[test]
    fn more_than_there_is_memory_for_is_an_error() {
        assert!(room::<i64>(Some(2), String::new).unwrap().capacity() >= 2);
        assert_eq!(zeros::<i64>(Some(2), String::new).unwrap(), [0, 0]);
        for n in [None, Some(usize::MAX / 16), Some(usize::MAX)] {
            assert_eq!(room::<i64>(n, || "why".into()), Err(Error::Impossible("why".into())));
            assert_eq!(zeros::<i64>(n, || "why".into()), Err(Error::Impossible("why".into())));
        }
    }
}

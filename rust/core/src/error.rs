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
}

/// What a kernel returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Refuses a scalar that fails its condition.
///
/// # Errors
/// [`Error::Scalar`] where `ok` is false.
#[expect(clippy::needless_pass_by_value, reason = "numbers and fresh strings, written without a `&`")]
pub fn check(ok: bool, name: &'static str, value: impl ToString, allowed: &'static str) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::Scalar { name, value: value.to_string(), allowed }) }
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
        Some(index) => Err(Error::Element { name, index, value: values[index].to_string(), allowed }),
    }
}

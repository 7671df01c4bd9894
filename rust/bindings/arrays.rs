//! Arrays at the border: the only place that knows numpy's layout.
//!
//! An argument must have the kernel's dtype, number of dimensions and C order; a view, a transposed or a
//! converted array is refused with the call that mends it, never copied or misread without a word.
//! Arrays are only read, so read-only ones are welcome; results are fresh arrays.

use numpy::ndarray::Dimension;
use numpy::{
    Element, Ix1, Ix2, PyArray, PyArrayDescr, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray,
    PyUntypedArray, PyUntypedArrayMethods, dtype,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// A checked, borrowed one-dimensional array.
pub type Array1<'py, T> = Array<'py, T, Ix1>;
/// A checked, borrowed two-dimensional array in C order.
pub type Array2<'py, T> = Array<'py, T, Ix2>;

/// A checked, borrowed array in C order.
pub struct Array<'py, T: Element, D: Dimension>(PyReadonlyArray<'py, T, D>);

impl<'py, T: Element, D: Dimension> Array<'py, T, D> {
    /// Borrows `value`, the argument `name`.
    ///
    /// # Errors
    /// `TypeError` for anything but an array of `T`; `ValueError` for another number of dimensions, or
    /// another layout than C order.
    pub fn extract(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let wanted = dtype::<T>(value.py());
        let Ok(untyped) = value.cast::<PyUntypedArray>() else {
            let kind = value.get_type().name()?;
            let array = value.py().import("numpy")?.call_method1("asarray", (value,)).ok();
            let holds = array.and_then(|array| Some(array.cast::<PyUntypedArray>().ok()?.dtype().kind()));
            let cure = match holds {
                Some(kind) if !is_text(kind) => format!("use np.asarray({name}, np.{wanted})"),
                _ => cure_of_text(name, &wanted),
            };
            return Err(PyTypeError::new_err(format!(
                "{name} must be a numpy array of {wanted}, got {kind}; {cure}"
            )));
        };
        if !untyped.dtype().is_equiv_to(&wanted) {
            let got = untyped.dtype();
            let cure = if is_text(got.kind()) {
                cure_of_text(name, &wanted)
            } else {
                format!("use {name}.astype(np.{wanted})")
            };
            return Err(PyTypeError::new_err(format!("{name} must have dtype {wanted}, got {got}; {cure}")));
        }
        let Ok(array) = value.cast::<PyArray<T, D>>() else {
            let (want, got) = (D::NDIM.unwrap_or(0), untyped.ndim());
            return Err(PyValueError::new_err(format!("{name} must have {want} dimension(s), got {got}")));
        };
        let aligned: bool = value.getattr("flags")?.getattr("aligned")?.extract()?;
        if !aligned || !array.is_c_contiguous() {
            return Err(PyValueError::new_err(format!(
                "{name} must be aligned and in C order without gaps, got strides {:?} for shape {:?}; \
                 use np.ascontiguousarray({name})",
                array.strides(),
                array.shape()
            )));
        }
        Ok(Self(array.try_readonly()?))
    }

    /// The elements, row after row.
    ///
    /// # Errors
    /// `ValueError` where the array is not in C order, which `extract` has ruled out.
    pub fn slice(&self) -> PyResult<&[T]> {
        self.0.as_array().to_slice().ok_or_else(|| PyValueError::new_err("array must be in C order"))
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.0.shape()
    }
}

/// Whether numpy's kind of a dtype is text, objects or records, which no cast turns into numbers.
fn is_text(kind: u8) -> bool {
    matches!(kind, b'U' | b'S' | b'T' | b'O' | b'V')
}

/// What to do about text where numbers of dtype `wanted` are asked for.
fn cure_of_text(name: &str, wanted: &Bound<'_, PyArrayDescr>) -> String {
    match (name, wanted.kind()) {
        ("labels", b'i') => format!("use np.unique({name}, return_inverse=True)[1] to number the classes"),
        ("labels" | "y" | "is_attack", b'u') => {
            format!(
                "use (np.asarray({name}) == ATTACK).astype(np.{wanted}) with the label of attacks for ATTACK"
            )
        }
        _ => format!("pass numbers: text and objects are not converted to {wanted}"),
    }
}

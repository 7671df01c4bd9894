//! Auxiliary vectors: what clients are clustered by.

use crate::clustering::points::{Points, squared_distance};
use crate::error::{Result, check, check_all, check_len};

/// Imbalance `log10((n_attack + 1) / (n_normal + 1))` and accuracy of every client, `(K, 2)`.
///
/// # Errors
/// [`crate::Error::Length`] where lengths differ; [`crate::Error::Element`] for a negative count or an accuracy
/// that is NaN or outside `[0, 1]`.
pub fn auxiliary_vectors(n_attack: &[i64], n_normal: &[i64], accuracy: &[f64]) -> Result<Vec<f64>> {
    check_len("n_normal", n_normal.len(), n_attack.len(), "one per client, as n_attack")?;
    check_len("accuracy", accuracy.len(), n_attack.len(), "one per client, as n_attack")?;
    check_all("n_attack", n_attack, "at least 0", |count| count >= 0)?;
    check_all("n_normal", n_normal, "at least 0", |count| count >= 0)?;
    let allowed =
        "in [0, 1]; give a client without validation rows another figure, such as the cohort's mean";
    check_all("accuracy", accuracy, allowed, |share| (0.0..=1.0).contains(&share))?;
    let clients = n_attack.iter().zip(n_normal).zip(accuracy);
    Ok(clients
        .flat_map(|((&attack, &normal), &accuracy)| {
            [((attack as f64 + 1.0) / (normal as f64 + 1.0)).log10(), accuracy]
        })
        .collect())
}

/// Points with columns of mean 0 and variance 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardised {
    /// `(n, d)`.
    pub points: Vec<f64>,
    /// `(d,)`.
    pub mean: Vec<f64>,
    /// Standard deviations, `(d,)`; 1 for a column of one value.
    pub scale: Vec<f64>,
}

/// Subtracts each column's mean and divides by its standard deviation; a column of one value becomes 0.
///
/// # Errors
/// [`crate::Error::Scalar`] where there is no point.
pub fn standardise(points: Points) -> Result<Standardised> {
    check(!points.is_empty(), "points", "0 rows", "of at least one row")?;
    let (n, d) = (points.len() as f64, points.dimension());
    let (mut mean, mut scale) = (vec![0.0; d], vec![1.0; d]);
    for j in 0..d {
        let column = || points.values()[j..].iter().step_by(d).copied();
        let first = points.values()[j];
        mean[j] = first;
        // Rounding gives equal values a mean beside them, and so a variance: they are told apart first.
        if column().any(|x| x.to_bits() != first.to_bits()) {
            mean[j] = column().sum::<f64>() / n;
            let variance = column().map(|x| squared_distance(&[x], &[mean[j]])).sum::<f64>() / n;
            scale[j] = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        }
    }
    let standardised = |(i, x): (usize, &f64)| (x - mean[i % d]) / scale[i % d];
    let points = points.values().iter().enumerate().map(standardised).collect();
    Ok(Standardised { points, mean, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imbalance_and_accuracy() {
        let got = auxiliary_vectors(&[9, 0], &[0, 999], &[0.5, 1.0]).unwrap();
        assert_eq!(got, [1.0, 0.5, -3.0, 1.0]);
        assert!(auxiliary_vectors(&[1], &[1], &[f64::NAN]).is_err());
        assert!(auxiliary_vectors(&[-1], &[1], &[0.5]).is_err());
        assert!(auxiliary_vectors(&[1], &[1, 2], &[0.5]).is_err());
    }

    #[test]
    fn a_column_of_one_value_becomes_zero() {
        let values: Vec<f64> = (0..30).flat_map(|i| [0.1, f64::from(i % 2)]).collect();
        let got = standardise(Points::new("points", &values, 2).unwrap()).unwrap();
        assert_eq!((got.mean, got.scale), (vec![0.1, 0.5], vec![1.0, 0.5]));
        assert_eq!(got.points[..4], [0.0, -1.0, 0.0, 1.0]);
    }
}

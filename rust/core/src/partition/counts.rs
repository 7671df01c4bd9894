//! Counts of classes on clients, which the measures of a partition start from.
//!
//! Cost: O(rows + classes * clients), parallel over clients.

use rayon::prelude::*;

use crate::error::{Result, check, check_all, zeros};
use crate::partition::parts::Parts;

/// How many rows of each class each client has, shape (clients, classes), row after row.
///
/// # Errors
/// [`crate::Error::Scalar`] without classes, [`crate::Error::Element`] for a label outside `0..n_classes`,
/// [`crate::Error::Impossible`] where the counts do not fit into memory.
pub fn class_counts(parts: Parts, labels: &[i64], n_classes: usize) -> Result<Vec<i64>> {
    check(n_classes > 0, "n_classes", n_classes, "at least 1")?;
    check_all("labels", labels, "in [0, n_classes)", |label| (0..n_classes as i64).contains(&label))?;
    let n_clients = parts.n_clients();
    let mut counts = zeros(n_clients.checked_mul(n_classes), || {
        format!(
            "n_classes={n_classes} on {n_clients} clients do not fit into memory; number the classes from 0"
        )
    })?;
    counts.par_chunks_mut(n_classes).enumerate().for_each(|(client, counts)| {
        for &row in parts.of(client) {
            counts[labels[row as usize] as usize] += 1;
        }
    });
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_often_as_they_occur() {
        let parts = Parts::new(&[0, 0, 2, 1], &[0, 3, 3, 4], 3).unwrap();
        assert_eq!(class_counts(parts, &[1, 0, 1], 2).unwrap(), [0, 3, 0, 0, 1, 0]);
        assert!(class_counts(parts, &[1, 0, 2], 2).is_err());
        assert!(class_counts(parts, &[0, 0, 0], 0).is_err());
        let many = class_counts(parts, &[0, 0, 0], 1 << 60).unwrap_err();
        assert!(many.to_string().contains("n_classes=1152921504606846976 on 3 clients"), "{many}");
    }
}

//! A partition as it comes in: clients' rows, checked against the table.

use crate::error::{Result, check_all};
use crate::ragged::Offsets;

/// Checked rows of clients: indices into a table.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    rows: &'a [i64],
    offsets: Offsets<'a>,
}

impl<'a> Parts<'a> {
    /// Checks that `rows` are in `0..n_rows` and that `offsets` cut them into clients.
    ///
    /// # Errors
    /// [`crate::Error::Element`] or another naming `parts.values` or `offsets`, where they are not.
    pub fn new(rows: &'a [i64], offsets: &'a [i64], n_rows: usize) -> Result<Self> {
        let offsets = Offsets::new(offsets, rows.len())?;
        let allowed =
            "the index of a row of the table; are the labels those of the table that was partitioned?";
        check_all("parts.values", rows, allowed, |row| (0..n_rows as i64).contains(&row))?;
        Ok(Self { rows, offsets })
    }

    /// How many clients there are.
    pub fn n_clients(&self) -> usize {
        self.offsets.n_clients()
    }

    /// The rows of one client.
    pub fn of(&self, client: usize) -> &'a [i64] {
        &self.rows[self.offsets.range(client)]
    }
}

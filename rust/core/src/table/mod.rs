//! Cells of a flow table as the rows that a model takes.
//!
//! Lines of a delimited text become rows of numbers and columns of words; columns of numbers become rows, by what is allowed in each
//! column. Separate because reading is where a detector spends its time, and because it knows no model.

mod lines;
mod number;
mod pages;
mod rows;
mod words;

pub use lines::{Columns, Kind, Lines, Place, Texts, parse};
pub use number::LARGEST;
pub use pages::{Held, most_held};
pub use rows::{Column, Rows, first_impossible, lay_out};
pub use words::Words;

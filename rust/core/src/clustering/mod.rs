//! Clusters of clients: auxiliary vectors, k-means, the silhouette, and the matching of clusters over rounds.
//!
//! Separate because it works on one small vector for each client, in f64, and knows neither rows nor models.

mod assign;
mod auxiliary;
mod kmeans;
mod points;
mod silhouette;

pub use assign::match_clusters;
pub use auxiliary::{Standardised, auxiliary_vectors, standardise};
pub use kmeans::{KMeans, Options, choose_k, kmeans, nearest};
pub use points::Points;
pub use silhouette::silhouette;

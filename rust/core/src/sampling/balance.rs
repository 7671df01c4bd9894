//! Balancing draws on each client: the meta-sampler's, and random over- and under-sampling.
//!
//! The minority is the smaller class *of the client*, attack or normal; of two equal classes, attack.
//! A client with one class, or none, keeps its rows as they are. Every draw costs O(rows) and is parallel
//! over clients, and over the pieces of a large one.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Result, check, check_len};
use crate::ragged::{Offsets, Ragged, split_mut};
use crate::sampling::clients::{CHUNK, ClientStreams, check_rows, offsets_over};
use crate::sampling::cumulative::Cumulative;
use crate::sampling::draw::{draw_each, reserve};
use crate::sampling::gaussian::{Gaussian, check_gaussian};
use crate::sampling::keys::Keys;
use crate::sampling::offset::Offset;

/// The part of a client's stream from which its minority is drawn.
const MINORITY: usize = 1 << 32;

/// How many rows the meta-sampler draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// As many majority rows as there are minority rows, without replacement (MESA).
    Under,
    /// As many rows of either class as there are majority rows, with replacement.
    Matched,
}

/// The Gaussian weights of the meta-sampler.
#[derive(Debug, Clone, Copy)]
pub struct Centres<'a> {
    /// Centre of each client's weights of majority rows.
    pub mu: &'a [f64],
    /// Centre of the weights of minority rows that are repeated; `None` repeats them uniformly.
    pub minority_mu: Option<f64>,
    /// Width of either.
    pub sigma: f64,
}

/// The meta-sampler's draw: majority rows in proportion to the Gaussian weight of their error.
///
/// `Budget::Under` returns every minority row and the majority rows that were drawn, in rising order of
/// position. `Budget::Matched` returns every row of the minority, then minority rows drawn up to the majority's
/// size, uniformly or by Gaussian weights, then the majority's draws.
/// The weights are used in log space and never stored. MESA: Liu et al., `NeurIPS` 2020, arXiv 2010.08830.
///
/// # Errors
/// [`crate::Error`] naming `labels` where one is neither 0 nor 1, or the argument that does not fit or is out
/// of its range, see [`check_gaussian`].
pub fn meta_sample(
    errors: &[f32],
    labels: &[u8],
    offsets: &[i64],
    centres: Centres,
    budget: Budget,
    streams: ClientStreams,
) -> Result<Ragged<i64>> {
    let Centres { mu, minority_mu, sigma } = centres;
    let rows = offsets_over("labels", labels.len(), offsets)?;
    check_len("errors", errors.len(), labels.len(), "one for each of labels")?;
    check_gaussian(errors, mu, sigma, rows.n_clients())?;
    if let Some(mu) = minority_mu {
        check((0.0..=1.0).contains(&mu), "minority_mu", mu, "between 0 and 1")?;
    }
    let of_minority = minority_mu.map(|mu| Gaussian::new(mu, sigma));
    balance(labels, rows, budget, streams, |client, out| {
        let k = client.k;
        let (gaussian, errors) = (Gaussian::new(mu[k], sigma), &errors[rows.range(k)]);
        match budget {
            Budget::Under => client.keep_minority(
                out,
                streams,
                gaussian.spread(),
                #[inline(always)]
                |rows, offsets| {
                    for (offset, &error) in offsets.iter_mut().zip(&errors[rows]) {
                        *offset = gaussian.offset(error);
                    }
                },
            ),
            Budget::Matched => client.meta_matched(gaussian, of_minority, errors, out, streams),
        }
    })
}

/// Random over-sampling: every row, then minority rows drawn uniformly with replacement until the classes
/// are equal.
///
/// # Errors
/// [`crate::Error`] naming `labels`, `offsets` or `clients` where they do not fit.
pub fn oversample(labels: &[u8], offsets: &[i64], streams: ClientStreams) -> Result<Ragged<i64>> {
    let rows = offsets_over("labels", labels.len(), offsets)?;
    balance(labels, rows, Budget::Matched, streams, |client, out| {
        let (all, extra) = out.split_at_mut(client.labels.len());
        client.every_row(all);
        client.draw_minority(&client.minority_rows(), extra, streams);
    })
}

/// Random under-sampling: every minority row and as many majority rows, drawn uniformly without
/// replacement, in rising order of position.
///
/// # Errors
/// [`crate::Error`] naming `labels`, `offsets` or `clients` where they do not fit.
pub fn undersample(labels: &[u8], offsets: &[i64], streams: ClientStreams) -> Result<Ragged<i64>> {
    let rows = offsets_over("labels", labels.len(), offsets)?;
    balance(labels, rows, Budget::Under, streams, |client, out| {
        client.keep_minority(out, streams, 1.0, |_, offsets| offsets.fill(0.0));
    })
}

/// Lets `draw` fill the room of every client with both classes; the others keep their rows.
fn balance(
    labels: &[u8],
    rows: Offsets,
    budget: Budget,
    streams: ClientStreams,
    draw: impl Fn(&Client, &mut [i64]) + Sync,
) -> Result<Ragged<i64>> {
    streams.check(rows.n_clients())?;
    check_rows("labels", labels, "1 (attack) or 0 (normal)", |label| label <= 1)?;
    let clients: Vec<Client> =
        (0..rows.n_clients()).into_par_iter().map(|k| Client::new(labels, rows, k)).collect();
    let sizes: Vec<i64> = clients.iter().map(|client| client.size(budget) as i64).collect();
    let (mut values, offsets) = reserve(&sizes)?;
    split_mut(&mut values, &offsets).into_par_iter().zip(&clients).for_each(|(out, client)| {
        if client.n_minority == 0 { client.every_row(out) } else { draw(client, out) }
    });
    Ok(Ragged { values, offsets })
}

/// One client's classes.
struct Client<'a> {
    k: usize,
    /// Position of its first row.
    first: usize,
    labels: &'a [u8],
    minority: u8,
    n_minority: usize,
}

impl<'a> Client<'a> {
    fn new(labels: &'a [u8], rows: Offsets, k: usize) -> Self {
        let labels = &labels[rows.range(k)];
        let attacks: usize = labels
            .par_chunks(CHUNK)
            .map(|chunk| chunk.iter().map(|&label| usize::from(label)).sum::<usize>())
            .sum();
        let normal = labels.len() - attacks;
        let minority = u8::from(attacks <= normal);
        Self { k, first: rows.range(k).start, labels, minority, n_minority: attacks.min(normal) }
    }

    /// How many rows a balancing draw returns.
    fn size(&self, budget: Budget) -> usize {
        match (self.n_minority, budget) {
            (0, _) => self.labels.len(),
            (n, Budget::Under) => 2 * n,
            (n, Budget::Matched) => 2 * (self.labels.len() - n),
        }
    }

    fn every_row(&self, out: &mut [i64]) {
        for (slot, position) in out.iter_mut().zip(self.first..) {
            *slot = position as i64;
        }
    }

    fn minority_rows(&self) -> Vec<i64> {
        let of_chunk = |(c, labels): (usize, &'a [u8])| {
            let rows = ((self.first + c * CHUNK) as i64..).zip(labels);
            rows.filter(|&(_, &label)| label == self.minority).map(|(position, _)| position)
        };
        self.labels.par_chunks(CHUNK).enumerate().flat_map_iter(of_chunk).collect()
    }

    /// Draws from the minority's rows, uniformly and with replacement.
    fn draw_minority(&self, minority: &[i64], out: &mut [i64], streams: ClientStreams) {
        // The upper word of the product: uniform to within 2^-64 of the number of rows.
        let index = |word: u64| ((u128::from(word) * minority.len() as u128) >> 64) as usize;
        draw_each(out, streams, self.k, MINORITY, |words, out| {
            out.iter_mut().zip(words).for_each(|(slot, &word)| *slot = minority[index(word)]);
        });
    }

    /// Keeps every minority row, and the majority rows with the smallest [`Keys`].
    fn keep_minority(
        &self,
        out: &mut [i64],
        streams: ClientStreams,
        spread: f64,
        fill: impl Fn(Range<usize>, &mut [f64]) + Sync,
    ) {
        let keys = Keys::new(
            spread,
            Offset,
            #[inline(always)]
            |rows, offsets| {
                fill(rows.clone(), offsets);
                for (offset, &label) in offsets.iter_mut().zip(&self.labels[rows]) {
                    *offset = if label == self.minority { f64::NEG_INFINITY } else { *offset };
                }
            },
        );
        keys.draw(self.labels.len(), self.first, out, streams, self.k);
    }

    fn meta_matched(
        &self,
        gaussian: Gaussian,
        of_minority: Option<Gaussian>,
        errors: &[f32],
        out: &mut [i64],
        streams: ClientStreams,
    ) {
        let (minority, majority) = out.split_at_mut(self.labels.len() - self.n_minority);
        let (kept, extra) = minority.split_at_mut(self.n_minority);
        kept.copy_from_slice(&self.minority_rows());
        match of_minority {
            None => self.draw_minority(kept, extra, streams),
            Some(own) => self.draw_class(self.minority, own, errors, extra, streams, MINORITY),
        }
        self.draw_class(1 - self.minority, gaussian, errors, majority, streams, 0);
    }

    /// Draws rows of a class by weight and with replacement, from a part of the client's stream.
    fn draw_class(
        &self,
        class: u8,
        gaussian: Gaussian,
        errors: &[f32],
        out: &mut [i64],
        streams: ClientStreams,
        part: usize,
    ) {
        let distance =
            |(&error, &label)| if label == class { gaussian.distance(error) } else { f64::INFINITY };
        let rows = errors.par_iter().zip(self.labels).with_min_len(CHUNK);
        let nearest = rows.map(distance).reduce(|| f64::INFINITY, f64::min);
        let cumulative = Cumulative::new(
            errors.len(),
            #[inline(always)]
            |rows, weights| {
                let rows = errors[rows.clone()].iter().zip(&self.labels[rows]);
                for (slot, (&error, &label)) in weights.iter_mut().zip(rows) {
                    let weight = gaussian.relative_weight(error, nearest);
                    *slot = if label == class { weight } else { 0.0 };
                }
            },
        );
        draw_each(out, streams, self.k, part, |words, out| cumulative.look_up(words, self.first, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;
    use proptest::prelude::*;

    const STREAMS: ClientStreams =
        ClientStreams { seed: 1, purpose: Purpose::Sampling, round: 0, clients: &[0] };

    fn draws(errors: &[f32], labels: &[u8]) -> [Vec<i64>; 5] {
        let offsets = [0, labels.len() as i64];
        let meta = |budget, minority_mu| {
            let centres = Centres { mu: &[0.3], minority_mu, sigma: 1e-4 };
            meta_sample(errors, labels, &offsets, centres, budget, STREAMS).unwrap().values
        };
        let (over, under) = (oversample(labels, &offsets, STREAMS), undersample(labels, &offsets, STREAMS));
        let [both, matched] = [Some(0.7), None].map(|own| meta(Budget::Matched, own));
        [meta(Budget::Under, None), matched, under.unwrap().values, over.unwrap().values, both]
    }

    #[test]
    fn one_class_or_none_is_kept() {
        for labels in [&[][..], &[0, 0, 0], &[1]] {
            let every: Vec<i64> = (0..labels.len() as i64).collect();
            assert!(draws(&vec![0.5; labels.len()], labels).iter().all(|rows| *rows == every), "{labels:?}");
        }
    }

    #[test]
    fn equal_classes_lose_no_row() {
        let [meta_under, _, under, over, _] = draws(&[0.1, 0.2, 0.3, 0.4], &[0, 1, 1, 0]);
        assert!([meta_under, under, over].iter().all(|rows| *rows == [0, 1, 2, 3]));
    }

    proptest! {
        #[test]
        fn classes_are_balanced(rows in prop::collection::vec((0.0..=1.0_f32, 0..=1_u8), 2..400)) {
            let (errors, labels): (Vec<f32>, Vec<u8>) = rows.into_iter().unzip();
            let attacks: usize = labels.iter().map(|&label| usize::from(label)).sum();
            let (few, many) = (attacks.min(labels.len() - attacks), attacks.max(labels.len() - attacks));
            prop_assume!(few > 0);
            for (rows, each) in draws(&errors, &labels).iter().zip([few, many, few, many, many]) {
                prop_assert_eq!(rows.len(), 2 * each);
                prop_assert_eq!(rows.iter().filter(|&&row| labels[row as usize] == 1).count(), each);
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let labels: Vec<u8> = (0..150_000_u32).map(|row| u8::from(row.is_multiple_of(9))).collect();
        let errors: Vec<f32> = (0..150_000_u32).map(|row| (row % 101) as f32 / 100.0).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| draws(&errors, &labels))
        };
        assert_eq!(run(1), run(3));
    }
}

//! The semantic leg over the index: sign codes say which memories may be near, their vectors how near they are.

use super::cache::View;
use super::card::Card;
use super::leaf::{Sheet, code};
use super::mix::{lenders, meaning};
use super::{IndexError, LEAF, Place, tables};
use crate::rank::Weights;
use keep_embed::{Embedder, Quantised, SIGN_DIMENSIONS, SignCode, dot_codes};
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A question as one embedder sees it.
pub(super) struct Wanted {
    number: u8,
    code: SignCode,
    vector: Quantised,
}

impl Wanted {
    /// The question for each embedder that made any vectors of this index.
    pub(super) fn by(
        sql: &Connection,
        embedders: &[&dyn Embedder],
        text: &str,
    ) -> Result<Vec<Self>, IndexError> {
        let mut all = Vec::new();
        for embedder in embedders {
            let Some(number) = tables::known_embedder(sql, embedder.id())? else { continue };
            let mut vector = vec![0.0; embedder.dimensions()];
            embedder.embed(text, &mut vector)?;
            all.push(Self { number, code: SignCode::of(&vector), vector: Quantised::of(&vector) });
        }
        Ok(all)
    }
}

/// How near a code is by its bits: the cosine that as many differing bits speak of.
pub(super) fn nearness_of(bits: u16) -> f32 {
    NEARNESS[usize::from(bits)]
}

static NEARNESS: LazyLock<[f32; SIGN_DIMENSIONS + 1]> = LazyLock::new(|| {
    let share = |bits: usize| bits as f32 / SIGN_DIMENSIONS as f32;
    std::array::from_fn(|bits| (std::f32::consts::PI * share(bits)).cos().max(0.0))
});

/// How many bits of each memory's code differ; all of them where no embedder at hand made it.
pub(super) struct Distances<'w> {
    wanted: &'w [Wanted],
    out: Vec<u16>,
}

impl<'w> Distances<'w> {
    /// None yet, of a space with so many places.
    pub(super) fn with_room(wanted: &'w [Wanted], places: usize) -> Self {
        Self { wanted, out: Vec::with_capacity(places + LEAF as usize) }
    }

    /// Adds a leaf's, whose place among the leaves is `number`.
    pub(super) fn add(&mut self, number: usize, codes: &[[u8; SignCode::BYTES]], sheet: &Sheet) {
        self.out.resize(number * LEAF as usize, SIGN_DIMENSIONS as u16);
        match self.wanted {
            [only] => only.code.distances(codes, &mut self.out),
            several => self.out.extend(codes.iter().zip(sheet.cards()).map(|(bytes, card)| {
                let own = several.iter().find(|wanted| wanted.number == card.embedder);
                own.map_or(SIGN_DIMENSIONS as u16, |wanted| code(bytes).distance(&wanted.code) as u16)
            })),
        }
    }

    /// Those of all places.
    pub(super) fn of(mut self, places: usize) -> Vec<u16> {
        self.out.resize(places, SIGN_DIMENSIONS as u16);
        self.out
    }
}

/// The distances of a space whose leaves are at hand.
pub(super) fn distances(view: &View, wanted: &[Wanted]) -> Vec<u16> {
    let mut all = Distances::with_room(wanted, view.places());
    for (number, loaded) in view.leaves().iter().enumerate() {
        all.add(number, loaded.sheet.code_bytes(), &loaded.sheet);
    }
    all.of(view.places())
}

/// Reads vectors, each once, and says how near memories are.
pub(super) struct Reader<'s> {
    sql: &'s Connection,
    view: &'s View,
    shares: [f32; 3],
    /// Products of the question with vectors that were read, by place.
    products: HashMap<Place, f32>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(sql: &'s Connection, view: &'s View, weights: &Weights) -> Self {
        Self { sql, view, shares: meaning(weights), products: HashMap::new() }
    }

    /// The product of the question with a memory's mixed vector.
    pub(super) fn nearness(
        &mut self,
        wanted: &[Wanted],
        place: Place,
        card: &Card,
    ) -> Result<f32, IndexError> {
        let Some(wanted) = wanted.iter().find(|wanted| wanted.number == card.embedder) else {
            return Ok(0.0);
        };
        let view = self.view;
        let mut sum = self.product(wanted, place)?;
        for (at, share) in lenders(place, |at| view.card(at), self.shares) {
            if view.card(at).embedder == card.embedder {
                sum += share * self.product(wanted, at)?;
            }
        }
        let scale = view.leaves()[(place / LEAF) as usize].sheet.scale((place % LEAF) as usize);
        Ok((sum * scale).max(0.0))
    }

    fn product(&mut self, wanted: &Wanted, place: Place) -> Result<f32, IndexError> {
        let kept = self.view.leaves()[(place / LEAF) as usize].vector((place % LEAF) as usize);
        if let Some((codes, scale)) = kept {
            return Ok(dot_codes(codes, &wanted.vector.codes) as f32 * scale * wanted.vector.scale);
        }
        if let Some(known) = self.products.get(&place) {
            return Ok(*known);
        }
        let product = tables::vector(self.sql, self.view.space, place)?.dot(&wanted.vector);
        self.products.insert(place, product);
        Ok(product)
    }
}

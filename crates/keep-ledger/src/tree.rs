//! The tree as the database holds it: leaves in the records, and the roots of every 256, 65,536 and
//! 16,777,216 of them. Everything between is computed from blocks of 256.

use crate::error::{Forgery, LedgerError};
use crate::merkle::{Hash, Nodes, node_hash};
use rusqlite::Connection;

/// Levels between two stored ones.
const STEP: u32 = 8;
/// Nodes in a block.
const WIDTH: u64 = 1 << STEP;
/// The highest stored level.
const TOP: u32 = 24;

/// Whether subtrees of this level are stored.
pub(crate) fn is_stored(level: u32) -> bool {
    level > 0 && level <= TOP && level.is_multiple_of(STEP)
}

/// One block: up to 256 nodes of a stored level, and the complete subtrees above them.
struct Block {
    tier: u32,
    place: u64,
    levels: Vec<Vec<Hash>>,
}

/// Reads nodes, keeping the last block of each stored level.
pub(crate) struct StoredTree<'a> {
    sql: &'a Connection,
    blocks: Vec<Block>,
}

impl<'a> StoredTree<'a> {
    pub(crate) fn new(sql: &'a Connection) -> Self {
        Self { sql, blocks: Vec::new() }
    }

    fn block(&mut self, tier: u32, place: u64) -> Result<&Block, LedgerError> {
        let found = self.blocks.iter().position(|b| b.tier == tier && b.place == place);
        let at = match found {
            Some(at) => at,
            None => {
                let block = load(self.sql, tier, place)?;
                self.blocks.retain(|b| b.tier != tier);
                self.blocks.push(block);
                self.blocks.len() - 1
            }
        };
        Ok(&self.blocks[at])
    }
}

impl Nodes for StoredTree<'_> {
    type Error = LedgerError;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, LedgerError> {
        let tier = (level.min(TOP) / STEP) * STEP;
        let above = level - tier;
        if above > STEP {
            // Over 2^32 records: two reads of the level below instead of one more stored level.
            let left = self.node(level - 1, index * 2)?;
            return Ok(node_hash(&left, &self.node(level - 1, index * 2 + 1)?));
        }
        let first = index << above;
        let block = self.block(tier, first / WIDTH)?;
        let within = ((first % WIDTH) >> above) as usize;
        block.levels.get(above as usize).and_then(|nodes| nodes.get(within)).copied().ok_or_else(|| {
            let width = 1u64 << level.min(63);
            Forgery::TreeEdited { from: index * width, to: (index + 1) * width }.into()
        })
    }
}

fn load(sql: &Connection, tier: u32, place: u64) -> Result<Block, LedgerError> {
    let (from, to) = (place * WIDTH, (place + 1) * WIDTH);
    let query = if tier == 0 {
        "SELECT seq, leaf, 0 FROM ledger_record WHERE seq >= ?1 AND seq < ?2 AND ?3 = 0 ORDER BY seq"
    } else {
        "SELECT place, hash FROM ledger_tree WHERE level = ?3 AND place >= ?1 AND place < ?2
         ORDER BY place"
    };
    let mut statement = sql.prepare_cached(query)?;
    let mut rows = statement.query((from as i64, to as i64, tier))?;
    let mut nodes = Vec::with_capacity(WIDTH as usize);
    while let Some(row) = rows.next()? {
        let place = row.get::<_, i64>(0)? as u64;
        let hash = row.get::<_, Vec<u8>>(1)?;
        let expected = from + nodes.len() as u64;
        match (place == expected, Hash::try_from(hash)) {
            (true, Ok(hash)) => nodes.push(hash),
            // A gap: what comes after it is not where it should be.
            _ => break,
        }
    }
    let mut levels = vec![nodes];
    for _ in 0..STEP {
        let below = &levels[levels.len() - 1];
        levels.push(below.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect());
    }
    Ok(Block { tier, place, levels })
}

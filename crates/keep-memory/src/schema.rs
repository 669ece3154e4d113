use keep_db::Schema;

/// Memories, their versions, tags and links; behind them, in a step of its own, the index.
pub static SCHEMA: Schema = Schema { owner: "memory", steps: &[include_str!("store/tables.sql")] };

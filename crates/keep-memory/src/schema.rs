use keep_db::Schema;

/// The tables of the memories, and behind them those of their index.
pub static SCHEMA: Schema =
    Schema { owner: "memory", steps: &[include_str!("store/tables.sql"), include_str!("schema/index.sql")] };

use keep_db::Schema;

/// The tables of the memories and of their index.
pub static SCHEMA: Schema = Schema { owner: "memory", steps: &[include_str!("schema/index.sql")] };

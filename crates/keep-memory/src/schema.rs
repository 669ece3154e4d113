use keep_db::Schema;

/// The tables of the memories, behind them those of their index, and what was added since.
pub static SCHEMA: Schema = Schema {
    owner: "memory",
    steps: &[
        include_str!("store/tables.sql"),
        include_str!("schema/index.sql"),
        include_str!("store/fading.sql"),
        include_str!("schema/parts.sql"),
    ],
};

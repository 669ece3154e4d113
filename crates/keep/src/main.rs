//! keep
fn main() {}

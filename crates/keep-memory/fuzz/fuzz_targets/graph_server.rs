//! Any bytes are read to their end; what is wrong is said with its place.
#![no_main]

#[expect(dead_code, reason = "the other readers are other targets")]
#[path = "../../tests/it/reading.rs"]
mod reading;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    reading::graph_server(bytes);
});

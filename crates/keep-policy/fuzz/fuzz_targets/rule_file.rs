//! Whatever stands in a rule file, it loads or says why not, and what loads stays within what its place
//! may say.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/any_file.rs"]
mod any_file;

fuzz_target!(|text: &str| any_file::holds_for(text));

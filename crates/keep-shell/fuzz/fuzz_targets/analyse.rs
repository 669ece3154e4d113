//! Any text has an analysis, and one that cannot be parsed is never low.
#![no_main]

use keep_shell::{Context, analyse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let analysis = analyse(text, &Context::new("/home/ann/app", "/home/ann"));
    assert_ne!(analysis.unparsable.as_deref(), Some("the analysis failed on this text"));
    assert!(analysis.unparsable.is_none() || analysis.risk.as_str() != "low");
});

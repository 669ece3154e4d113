#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // That it is refused is fine; that it does harm, or changes when it is written again, is not.
    let _ = keep_artifact::check_manifest(bytes);
});

# A program, a library that it uses by path, one that is vendored, and tests.
git init --quiet
rm --force .git/hooks/*.sample
mkdir -p app/src library/src library/tests vendor/tiny/src .cargo
cat > Cargo.toml <<'FILE'
[workspace]
resolver = "3"
members = ["app", "library"]
exclude = ["vendor"]
FILE
cat > app/Cargo.toml <<'FILE'
[package]
name = "app"
version = "0.1.0"
edition = "2024"

[dependencies]
library = { path = "../library" }
tiny = "1.0"
FILE
cat > app/build.rs <<'FILE'
fn main() {
    let place = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{place}/words.rs"), "pub const WORD: &str = \"built\";").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
FILE
cat > app/src/main.rs <<'FILE'
include!(concat!(env!("OUT_DIR"), "/words.rs"));

fn main() {
    println!("{WORD} {}", tiny::twice(library::sum(&[1, 2, 3])));
}
FILE
cat > library/Cargo.toml <<'FILE'
[package]
name = "library"
version = "0.1.0"
edition = "2024"
FILE
cat > library/src/lib.rs <<'FILE'
//! Sums.

/// The sum.
///
/// ```
/// assert_eq!(library::sum(&[1, 2]), 3);
/// ```
pub fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn sums() {
        assert_eq!(super::sum(&[1, 2, 3]), 6);
    }
}
FILE
cat > library/tests/files.rs <<'FILE'
#[test]
fn temporary_files_and_sockets() {
    let path = std::env::temp_dir().join(format!("library-{}", std::process::id()));
    std::fs::write(&path, "text").unwrap();
    std::fs::remove_file(&path).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
}
FILE
cat > vendor/tiny/Cargo.toml <<'FILE'
[package]
name = "tiny"
version = "1.0.0"
edition = "2021"
FILE
echo 'pub fn twice(number: u64) -> u64 { number * 2 }' > vendor/tiny/src/lib.rs
echo '{"files":{}}' > vendor/tiny/.cargo-checksum.json
cat > .cargo/config.toml <<'FILE'
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "vendor"
FILE
echo /target > .gitignore
cargo generate-lockfile --offline --quiet
git add . && git commit --quiet --message 'Begin'

//! Which links a pack may hold.

/// Whether a link stays in the folder that is packed, when it lies this many folders deep in it.
///
/// It may lead upwards at its beginning only, and no further than it lies deep: those steps go through
/// true folders. Upwards after a name could go anywhere, since the name may be another link. So whatever
/// such links are combined, none leads out.
pub(crate) fn stays(depth: usize, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') {
        return false;
    }
    let parts = || target.split('/').filter(|part| !matches!(*part, "" | "."));
    let up = parts().take_while(|part| *part == "..").count();
    up <= depth && parts().skip(up).all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use super::stays;

    #[test]
    fn links_stay_below_the_top() {
        for (depth, target, want) in [
            (0, "a", true),
            (0, "a/b", true),
            (0, "./a", true),
            (0, "..", false),
            (0, "a/..", false),
            (1, "..", true),
            (1, "../a", true),
            (1, ".././a//b", true),
            (1, "../..", false),
            (1, "a/../..", false),
            (2, "../../a", true),
            (2, "../../../a", false),
            (5, "/etc/passwd", false),
            (5, "", false),
            (0, "...", true),
        ] {
            assert_eq!(stays(depth, target), want, "{depth} {target:?}");
        }
    }
}

//! Ids in tables: as much of each as tells it from the others, which is enough to type.

use super::failure::Failure;

/// The name of the kind and the letters of about a second.
pub(crate) const FEWEST: usize = 12;
/// So much of an id that stands alone: whatever else is asked in that second differs from it.
const ALONE: usize = 20;

/// The beginning of an id that is shown by itself.
pub(crate) fn short(id: &str) -> &str {
    id.get(..ALONE).unwrap_or(id)
}

/// The ids, each cut to the length that tells all of them apart.
pub(crate) fn shortened(ids: &[String]) -> Vec<&str> {
    let longest = ids.iter().map(String::len).max().unwrap_or(0);
    let tells_apart = |length: &usize| {
        let mut cut: Vec<&str> = ids.iter().map(|id| id.get(..*length).unwrap_or(id)).collect();
        cut.sort_unstable();
        cut.windows(2).all(|pair| pair[0] != pair[1])
    };
    let length = (FEWEST..longest).find(tells_apart).unwrap_or(longest);
    ids.iter().map(|id| id.get(..length).unwrap_or(id)).collect()
}

/// The one of these ids that begins with what was typed. `list` is the command that lists them.
pub(crate) fn named(typed: &str, ids: &[String], list: &str) -> Result<String, Failure> {
    let mut fitting = ids.iter().filter(|id| id.starts_with(typed));
    match (fitting.next(), fitting.count()) {
        (Some(id), 0) => Ok(id.clone()),
        (None, _) => Err(Failure::NoneNamed { typed: typed.to_owned(), list: list.to_owned() }),
        (Some(_), more) => Err(Failure::usage(
            format!("{typed:?} is the beginning of {} ids", more + 1),
            format!("type more of it; `{list}` lists them"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{named, shortened};

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_shown_is_enough_to_type() {
        let all = ids(&["apr_01m7yd5smw91h6zj", "apr_01m7yd5smx2abcde", "apr_01m7yd6zzzzzzzzz"]);
        let cut = shortened(&all);
        assert_eq!(cut, ["apr_01m7yd5smw", "apr_01m7yd5smx", "apr_01m7yd6zzz"]);
        for (cut, whole) in cut.iter().zip(&all) {
            assert_eq!(&named(cut, &all, "keep inbox").unwrap(), whole);
        }
        assert_eq!(shortened(&all[2..]), ["apr_01m7yd6z"]);
        assert!(named("apr_01m7yd5s", &all, "keep inbox").is_err(), "one of two was taken");
        assert!(named("apr_02", &all, "keep inbox").is_err());
        assert!(shortened(&[]).is_empty());
    }
}

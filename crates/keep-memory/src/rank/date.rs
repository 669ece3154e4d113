//! Days, and the days that a question speaks of.

use jiff::civil::Date;

/// A day of the calendar.
pub type Day = Date;

/// A day, a month or a year that a question names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) year: Option<i16>,
    pub(crate) month: i8,
    pub(crate) day: Option<i8>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The days that a text names: `8 May, 2023`, `May 8th`, `in July`, `2023-05-08`.
pub(crate) fn named(text: &str) -> Vec<Named> {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut out = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let number = |at: usize| words.get(at).and_then(|word| day_number(word));
        let year = |at: usize| words.get(at).and_then(|word| year_number(word));
        if let Some(month) = month_number(word) {
            let before = at.checked_sub(1).and_then(number);
            let day = before.or_else(|| number(at + 1));
            // `may` is a month only beside a number, a year or `in`.
            let preposition =
                at > 0 && matches!(words[at - 1], "in" | "of" | "during" | "since" | "until" | "last");
            let year = year(at + 1).or_else(|| year(at + 2));
            if *word != "may" || day.is_some() || year.is_some() || preposition {
                out.push(Named { year, month, day });
            }
        } else if let (Some(year), Some(month), Some(day)) = (year(at), number(at + 1), number(at + 2))
            && (1..=12).contains(&month)
        {
            out.push(Named { year: Some(year), month, day: Some(day) });
        }
    }
    out
}

fn month_number(word: &str) -> Option<i8> {
    let found =
        MONTHS.iter().position(|month| *month == word || word.len() == 3 && month.starts_with(word))?;
    i8::try_from(found + 1).ok()
}

fn day_number(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    let day: i8 = digits.parse().ok()?;
    ((1..=31).contains(&day) && matches!(ending, "" | "st" | "nd" | "rd" | "th")).then_some(day)
}

fn year_number(word: &str) -> Option<i16> {
    word.parse().ok().filter(|year| (1900..2200).contains(year))
}

impl Named {
    /// How near a day lies to this one: one on the day, falling over the month that follows; people tell of
    /// a day on it or after it.
    pub(crate) fn nearness(self, said: Day) -> f32 {
        if self.year.is_some_and(|year| year != said.year()) {
            return 0.0;
        }
        match self.day {
            Some(day) => {
                let Ok(named) = Day::new(said.year(), self.month, day) else { return 0.0 };
                let Ok(span) = named.until(said) else { return 0.0 };
                match span.get_days() {
                    0 => 1.0,
                    later @ 1..=29 => (-(later as f32) / 7.0).exp(),
                    -1 => 0.3,
                    _ => 0.0,
                }
            }
            None => {
                let months = i32::from(said.month()) - i32::from(self.month);
                match months {
                    0 => 1.0,
                    1 => (-1.0_f32).exp(),
                    _ => 0.0,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let check = |text: &str, expected: &[(Option<i16>, i8, Option<i8>)]| {
            let found: Vec<_> = named(text).iter().map(|day| (day.year, day.month, day.day)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("What did she do on 8 May, 2023?", &[(Some(2023), 5, Some(8))]);
        check("on May 8th", &[(None, 5, Some(8))]);
        check("in July 2022", &[(Some(2022), 7, None)]);
        check("may I ask", &[]);
        check("in May", &[(None, 5, None)]);
        check("since 2023-05-08", &[(Some(2023), 5, Some(8))]);
        check("50 apples", &[]);
    }

    #[test]
    fn a_day_is_near_its_own_and_the_ones_after() {
        let day = |d| Day::new(2023, 5, d).unwrap();
        let eighth = Named { year: None, month: 5, day: Some(8) };
        assert_eq!(eighth.nearness(day(8)), 1.0);
        assert!(eighth.nearness(day(9)) > eighth.nearness(day(12)));
        assert_eq!(eighth.nearness(day(6)), 0.0);
        assert_eq!(Named { year: Some(2022), ..eighth }.nearness(day(8)), 0.0);
    }
}

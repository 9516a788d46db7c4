//! `Date` as it comes: RFC 5322 section 3.3, and the forms that programs write instead.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use crate::time::Timestamp;

/// The most characters of a date that are looked at.
const LONGEST: usize = 100;

/// The moment that a raw `Date` says; `None` if it says none, or one outside 1970 to 2100.
pub fn read(raw: &[u8]) -> Option<Timestamp> {
    let text = without_comments(&String::from_utf8_lossy(raw));
    let text = crate::text::prefix(text.trim(), LONGEST);
    // `UTC+1` would be read as UTC.
    let odd_zone = ["UTC+", "UTC-", "GMT+", "GMT-"].iter().any(|zone| text.contains(zone));
    let text_or_none = if odd_zone { "" } else { text };
    let seconds = DateTime::parse_from_rfc2822(text_or_none)
        .or_else(|_| DateTime::parse_from_rfc3339(text))
        .map(|date| date.timestamp())
        .ok()
        .or_else(|| by_words(text))?;
    let date = Timestamp::from_millis(seconds.checked_mul(1000)?);
    (Timestamp::MIN..=Timestamp::MAX).contains(&date).then_some(date)
}

/// Finds day, month, year, time and zone wherever they stand.
fn by_words(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut time, mut zone) = (None, None, None, None, 0);
    let mut month_is_sure = false;
    // A `T` parts date and time (RFC 3339); everywhere else it is a letter.
    let iso = text.get(4..11).filter(|rest| rest.starts_with('-') && rest.ends_with('T'));
    let text = if iso.is_some() { text.replacen('T', " ", 1) } else { text.to_owned() };
    for word in text.split([' ', ',', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        if let Ok(date) = NaiveDate::parse_from_str(word, "%Y-%m-%d") {
            use chrono::Datelike;
            (day, month, year) = (Some(date.day()), Some(date.month()), Some(date.year()));
        } else if let (None, Some((found, rest))) = (time, clock(word)) {
            time = Some(found);
            zone = offset(rest).unwrap_or(zone);
        } else if let Some(number) = month_named(word) {
            // Before the day it may be the name of a weekday: `mar.` is March or mardi.
            if month.is_none() || (day.is_some() && !month_is_sure) {
                month = Some(number);
                month_is_sure = day.is_some();
            }
        } else if let Ok(number) = word.trim_end_matches('.').parse::<u32>()
            && !word.starts_with(['+', '-'])
        {
            match (day, word.len()) {
                (None, 1..=3) => day = Some(number),
                _ => year = year.or(Some(full_year(number))),
            }
        } else if let Some(found) = offset(word) {
            zone = found;
        }
    }
    let date = NaiveDate::from_ymd_opt(year?, month?, day?)?;
    NaiveDateTime::new(date, time?).and_utc().timestamp().checked_sub(zone)
}

/// `10:30`, `10:30:59`, `10:30:59Z`, `10:30:59+01:00`, and what follows the time.
fn clock(word: &str) -> Option<(NaiveTime, &str)> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(word.len());
    let (time, rest) = word.split_at_checked(end)?;
    let mut numbers = time.split(':').map(|number| number.parse::<u32>().ok());
    let (hour, minute) = (numbers.next()??, numbers.next()??);
    let second = numbers.next().flatten().unwrap_or(0);
    Some((NaiveTime::from_hms_opt(hour, minute, second.min(59))?, rest))
}

/// Seconds east of Greenwich: `+0100`, `+01:00`, `UTC+1`, `GMT`, `EST`.
fn offset(word: &str) -> Option<i64> {
    let upper = word.to_ascii_uppercase();
    let bare = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT")).unwrap_or(&upper);
    let hours = match bare {
        "" | "Z" | "UT" => return (!upper.is_empty()).then_some(0),
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "BST" | "CET" | "MEZ" => 1,
        "CEST" | "MESZ" | "EET" => 2,
        "JST" => 9,
        _ => {
            let sign = if bare.starts_with('-') { -1 } else { 1 };
            let digits: String = bare.strip_prefix(['+', '-'])?.chars().filter(char::is_ascii_digit).collect();
            let number: i64 = digits.parse().ok().filter(|_| digits.len() <= 4)?;
            let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
            return Some(sign * (hours * 3600 + minutes * 60));
        }
    };
    Some(hours * 3600)
}

/// The month that a word begins like, in the languages that mail programs write.
fn month_named(word: &str) -> Option<u32> {
    const MONTHS: [&[&str]; 12] = [
        &["jan", "ene", "gen", "янв", "sty"],
        &["feb", "fev", "fév", "фев", "lut"],
        &["mar", "mär", "mrz", "maa", "мар"],
        &["apr", "avr", "abr", "апр", "kwi"],
        &["may", "mai", "mei", "mag", "maj", "мая", "май"],
        &["jun", "juin", "giu", "июн", "cze"],
        &["jul", "juil", "lug", "июл", "lip"],
        &["aug", "aoû", "aou", "ago", "авг", "sie"],
        &["sep", "set", "сен", "wrz"],
        &["oct", "okt", "ott", "out", "окт", "paź"],
        &["nov", "ноя", "lis"],
        &["dec", "dez", "dic", "déc", "дек", "gru"],
    ];
    let word = word.to_lowercase();
    let word = word.trim_end_matches('.');
    if !word.starts_with(char::is_alphabetic) {
        return None;
    }
    (1..).zip(MONTHS).find(|(_, names)| names.iter().any(|name| word.starts_with(name))).map(|(number, _)| number)
}

/// RFC 5322 section 4.3: two digits below 50 are of this century.
fn full_year(number: u32) -> i32 {
    let year = match number {
        0..=49 => number + 2000,
        50..=999 => number + 1900,
        _ => number,
    };
    i32::try_from(year).unwrap_or(i32::MAX)
}

fn without_comments(text: &str) -> String {
    let mut depth = 0u32;
    let keep = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> String {
        read(text.as_bytes()).map(|date| date.to_string()).unwrap_or_default()
    }

    #[test]
    fn case_24_dates_are_read_as_they_come() {
        for text in [
            "Tue, 14 Nov 2023 10:30:00 +0100",
            "Tue, 14 Nov 2023 10:30 +0100",
            "Tue,14 Nov 2023 10:30:00 +0100 (CET)",
            "14 Nov 23 10:30:00 +0100",
            "Tue, 14 Nov 2023 10:30:00 UTC+1",
            "Tue Nov 14 09:30:00 2023",
            "2023-11-14T10:30:00+01:00",
            "2023-11-14 10:30:00 +0100",
            "Di, 14. Nov. 2023 10:30:00 +0100",
            "mar., 14 novembre 2023 10:30:00 +0100",
            "Tue, 14 Nov 2023 04:30:00 EST",
        ] {
            assert_eq!(date(text), "2023-11-14T09:30:00Z", "{text}");
        }
    }

    #[test]
    fn ac_18_what_is_no_date_is_none() {
        for text in
            ["", "yesterday", "Tue, 14 Nov 2023 25:61:61 +0000", "1 Jan 1969 00:00:00 +0000", "32 Nov 2023 10:00"]
        {
            assert_eq!(date(text), "", "{text}");
        }
        assert_eq!(date(&format!("Tue, 14 Nov 2023 10:30:00 +0100 {}", "(x)".repeat(60))), "2023-11-14T09:30:00Z");
        assert_eq!(date("1 Jan 2099 00:00:00 +0000"), "2099-01-01T00:00:00Z");
    }
}

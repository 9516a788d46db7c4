//! Times of the day as lines of a form: `Mon Tue 08:30-17:00 +01:00`.

use mailflow_core::refusal::Refusal;
use mailflow_core::rule::{TimeOfDay, TimeSpan, Weekday};

/// The first letters of the days.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time as a line.
pub fn line(span: &TimeSpan) -> String {
    let name = |day: &Weekday| {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        Weekday::ALL.iter().zip(names).find(|(known, _)| *known == day).map_or("", |(_, name)| name).to_owned()
    };
    let mut words: Vec<String> = span.days.iter().map(name).collect();
    words.push(format!("{}-{}", span.from, span.until));
    if span.utc_offset_minutes != 0 {
        let (sign, minutes) = (if span.utc_offset_minutes < 0 { '-' } else { '+' }, span.utc_offset_minutes.abs());
        words.push(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
    }
    words.join(" ")
}

/// The time in a line.
pub fn span(line: &str) -> Result<TimeSpan, Refusal> {
    let wrong =
        || Refusal::invalid("time", format!("`{line}` is no time; one looks like Mon Tue 08:30-17:00 +01:00"));
    let mut span = TimeSpan::default();
    let mut has_times = false;
    for word in line.split_whitespace() {
        let small = word.to_lowercase();
        let day = DAYS.iter().zip(Weekday::ALL).find(|(start, _)| small.starts_with(**start));
        if let Some((_, day)) = day {
            span.days.push(day);
        } else if let Some(ahead) = word.strip_prefix('+') {
            span.utc_offset_minutes = i32::from(ahead.parse::<TimeOfDay>().map_err(|_| wrong())?.minutes());
        } else if let Some(behind) = word.strip_prefix('-') {
            span.utc_offset_minutes = -i32::from(behind.parse::<TimeOfDay>().map_err(|_| wrong())?.minutes());
        } else {
            let (from, until) = word.split_once('-').ok_or_else(wrong)?;
            span.from = from.parse().map_err(|_| wrong())?;
            span.until = until.parse().map_err(|_| wrong())?;
            has_times = true;
        }
    }
    if has_times || !span.days.is_empty() { Ok(span) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_written() {
        for text in ["08:30-17:00", "Mon Fri 22:00-06:00 +01:00", "Sat Sun 00:00-00:00 -03:30"] {
            assert_eq!(line(&span(text).unwrap()), text);
        }
        for wrong in ["", "soon", "8-9", "08:30", "+01:00", "08:30-25:00"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}

//! What is asked of one mail at a time: size, contact, verdicts, spam, attachments, time.

use chrono::{Datelike, Timelike};

use super::address_index::glob;
use super::matter::Matter;
use crate::rule::{AttachmentPattern, ContactTest, Score, SizeRange, SpamTest, TimeOfDay, TimeSpan, Weekday};
use crate::time::Timestamp;

pub fn size(range: &SizeRange, size: u64) -> bool {
    range.at_least.is_none_or(|least| size >= least) && range.at_most.is_none_or(|most| size <= most)
}

/// The pattern is in lower case.
pub fn attachments(pattern: &AttachmentPattern, matter: &Matter<'_>) -> bool {
    let fits = |pattern: &Option<String>, text: &str| match pattern {
        Some(pattern) => glob(pattern, &text.to_lowercase()),
        None => true,
    };
    matter.attachments.iter().any(|it| {
        fits(&pattern.name, it.filename.as_deref().unwrap_or_default())
            && fits(&pattern.content_type, &it.content_type)
    })
}

/// Known is who was known before this mail came.
pub fn contact(test: &ContactTest, matter: &Matter<'_>) -> bool {
    let known = matter.contact.filter(|contact| contact.created < matter.at);
    match test {
        ContactTest::Known => known.is_some(),
        ContactTest::Unknown => known.is_none(),
        ContactTest::Owned => matter.contact.is_some_and(|contact| contact.owner.is_some()),
        ContactTest::OwnedBy(agent) => matter.contact.is_some_and(|contact| contact.owner == Some(*agent)),
        ContactTest::Property { name, value } => matter
            .contact
            .and_then(|contact| contact.properties.get(name))
            .is_some_and(|found| glob(&value.to_lowercase(), &found.to_lowercase())),
    }
}

pub fn spam(test: SpamTest, matter: &Matter<'_>) -> bool {
    match test {
        SpamTest::Flagged => matter.spam.flag == Some(true),
        SpamTest::NotFlagged => matter.spam.flag != Some(true),
        SpamTest::ScoreAtLeast(least) => {
            matter.spam.score.is_some_and(|score| Score::from(f64::from(score)) >= least)
        }
    }
}

/// Whether a moment is inside. The day is the one on which the span began.
pub fn time(span: &TimeSpan, at: Timestamp) -> bool {
    let local = at.to_utc() + chrono::TimeDelta::minutes(i64::from(span.utc_offset_minutes.clamp(-840, 840)));
    let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
    let today = usize::try_from(local.weekday().num_days_from_monday()).unwrap_or(0);
    let on = |day: usize| {
        span.days.is_empty() || Weekday::ALL.get(day % 7).is_some_and(|weekday| span.days.contains(weekday))
    };
    let (from, until) = (span.from.minutes(), span.until.minutes());
    if from < until {
        return (from..until).contains(&minute) && on(today);
    }
    (from..TimeOfDay::DAY).contains(&minute) && on(today) || minute < until && on(today + 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_over_midnight_belongs_to_the_day_on_which_it_began() {
        let span = |days: &[Weekday], from: &str, until: &str, utc_offset_minutes| TimeSpan {
            days: days.to_vec(),
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            utc_offset_minutes,
        };
        // 2023-11-14 was a Tuesday; 22:13:20 UTC.
        let at = Timestamp::from_millis(1_700_000_000_000);
        let cases = [
            (span(&[], "22:00", "23:00", 0), true),
            (span(&[], "22:14", "23:00", 0), false),
            (span(&[], "21:00", "22:13", 0), false),
            (span(&[Weekday::Tuesday], "22:00", "06:00", 0), true),
            (span(&[Weekday::Wednesday], "22:00", "06:00", 0), false),
            (span(&[Weekday::Tuesday], "22:00", "06:00", 120), true),
            (span(&[Weekday::Wednesday], "00:00", "06:00", 120), true),
            (span(&[], "00:00", "00:00", 0), true),
            (span(&[Weekday::Monday], "00:00", "00:00", 0), false),
        ];
        for (span, inside) in cases {
            assert_eq!(time(&span, at), inside, "{span:?}");
        }
        assert!("24:00".parse::<TimeOfDay>().is_err());
    }
}

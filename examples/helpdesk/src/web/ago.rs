//! Times in words.

use mailflow_core::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago it was, in a few words: "3 min", "5 h", "yesterday", "12 Mar", "12 Mar 2024".
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    let date = at.to_utc();
    match seconds {
        0..MINUTE => "now".to_owned(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ if seconds < 2 * DAY => "yesterday".to_owned(),
        _ if seconds < 7 * DAY => format!("{} days", seconds / DAY),
        _ if seconds < 300 * DAY => date.format("%-d %b").to_string(),
        _ => date.format("%-d %b %Y").to_string(),
    }
}

/// How long ago it was, as something that has just happened: "4 s ago", "3 min ago", "yesterday".
pub fn seconds_ago(at: Timestamp, now: Timestamp) -> String {
    match now.since(at).as_secs() {
        seconds @ 0..MINUTE => format!("{seconds} s ago"),
        seconds @ MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h ago", seconds / HOUR),
        _ => full(at),
    }
}

/// Date and time for people, in UTC.
pub fn full(at: Timestamp) -> String {
    at.to_utc().format("%a %-d %b %Y, %H:%M UTC").to_string()
}

/// How long something lasts: "5 min", "3 h", "2 days".
pub fn span(seconds: u64) -> String {
    match seconds {
        0..MINUTE => "less than a minute".to_owned(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ if seconds < 2 * DAY => "1 day".to_owned(),
        _ => format!("{} days", seconds / DAY),
    }
}

/// A length in bytes for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{} KB", bytes / 1024),
        _ => format!("{}.{} MB", bytes / 0x10_0000, bytes % 0x10_0000 * 10 / 0x10_0000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ages_are_words() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let of = |seconds| ago(now.minus(Duration::from_secs(seconds)), now);
        assert_eq!(of(5), "now");
        assert_eq!(of(185), "3 min");
        assert_eq!(of(2 * HOUR + 1), "2 h");
        assert_eq!(of(30 * HOUR), "yesterday");
        assert_eq!(of(3 * DAY), "3 days");
        assert_eq!(of(30 * DAY), "15 Oct");
        assert_eq!(of(400 * DAY), "10 Oct 2022");
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!(size(17), "17 B");
        assert_eq!(size(2048), "2 KB");
        assert_eq!(size(3 << 19), "1.5 MB");
    }
}

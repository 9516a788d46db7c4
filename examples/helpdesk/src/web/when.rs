//! A time to come, as people choose it: a day and a time of their own time zone.

use std::time::Duration;

use mailflow_core::refusal::Refusal;
use mailflow_core::time::Timestamp;

use super::Fields;

/// A time as it stands in a field for day and time, in UTC; a script shows it in the zone of the device.
pub fn field(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%dT%H:%M").to_string()
}

/// The time that was chosen, if one was: what the script of the page made of it in the zone of the device, else what
/// stands in the field, in UTC.
///
/// # Errors
/// [`Refusal::Invalid`] if it is no time.
pub fn read(fields: &Fields) -> Result<Option<Timestamp>, Refusal> {
    let typed = fields.one("later").trim();
    if typed.is_empty() {
        return Ok(None);
    }
    if let Ok(millis) = fields.one("later_utc").parse() {
        return Ok(Some(Timestamp::from_millis(millis)));
    }
    let none = || Refusal::invalid("send_at", "that is no day and time, such as 2027-01-31T09:00");
    parse(typed).map(Some).ok_or_else(none)
}

/// `2027-01-31T09:00`, in UTC.
fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|it| it.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(|it| it.parse::<u64>().ok());
    let (hour, minute) = (time.next()??, time.next()??);
    if !(1970..2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 {
        return None;
    }
    // Days since 1970 of a day in the Gregorian calendar, the year beginning in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let midnight = Timestamp::from_millis(days * 24 * 60 * 60 * 1000);
    Some(midnight.plus(Duration::from_secs(hour * 3600 + minute * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_shown() {
        for millis in [0, 951_782_400_000, 1_709_164_800_000, 1_800_000_000_000 / 60_000 * 60_000] {
            let at = Timestamp::from_millis(millis);
            assert_eq!(parse(&field(at)), Some(at), "{}", field(at));
        }
        for wrong in ["", "2027-01-31", "2027-13-01T09:00", "2027-01-31T24:00", "tomorrow", "2027-01-31T9"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_the_script_says_comes_before_what_is_typed() {
        let mut fields = Fields::default();
        assert_eq!(read(&fields).unwrap(), None);
        fields.add("later", "2027-01-31T09:00".to_owned());
        assert_eq!(read(&fields).unwrap().unwrap().as_millis(), 1_801_386_000_000);
        fields.add("later_utc", "1801382400000".to_owned());
        assert_eq!(read(&fields).unwrap().unwrap().as_millis(), 1_801_382_400_000);
    }
}

//! What a word is, for searching: the same for every store.
//!
//! A text is cut into words: runs of letters and digits, in lower case, without accents. A character of a script that
//! puts no spaces between words (Chinese, Japanese, Korean, Thai …) is a word by itself. What people type is cut the
//! same way, each piece between spaces into one phrase, so that `21:33:vf:cc` and `T.E.` find what they name, and no
//! input is an error.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::contact::Contact;
use crate::mail::Mailbox;
use crate::message::Message;
use crate::text;

/// The most characters of a word; the rest of a longer one is not searched for.
pub const MAX_WORD: usize = 40;
/// The most bytes of a text that are searched.
pub const MAX_TEXT: usize = 64 << 10;
/// The most phrases of a question that are looked at.
pub const MAX_PHRASES: usize = 16;

/// The words of a text, each followed by a space, added to `to`.
pub fn add_words(text: &str, to: &mut String) {
    let mut length = 0;
    for c in text::prefix(text, MAX_TEXT).chars() {
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() {
                if length < MAX_WORD {
                    to.push(c.to_ascii_lowercase());
                }
                length += 1;
            } else if length > 0 {
                to.push(' ');
                length = 0;
            }
        } else {
            add_folded(c, to, &mut length);
        }
    }
    if length > 0 {
        to.push(' ');
    }
}

fn add_folded(c: char, to: &mut String, length: &mut usize) {
    for c in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(c) {
            continue;
        }
        if stands_alone(c) {
            if *length > 0 {
                to.push(' ');
            }
            to.push(c);
            to.push(' ');
            *length = 0;
        } else if c.is_alphanumeric() {
            if *length < MAX_WORD {
                to.push(c);
            }
            *length += 1;
        } else if *length > 0 {
            to.push(' ');
            *length = 0;
        }
    }
}

/// Whether a character is a word by itself: of a script that puts no spaces between words.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{1100}'..='\u{11FF}'
        | '\u{2E80}'..='\u{2FDF}' | '\u{3040}'..='\u{312F}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The phrases of what somebody typed: each piece between spaces, or between quotation marks, is one.
pub fn phrases(question: &str) -> Vec<Vec<String>> {
    let mut phrases = Vec::new();
    for (nth, quoted) in question.split('"').enumerate() {
        // Every second piece between quotation marks is quoted; a lone mark quotes to the end.
        if nth % 2 == 1 {
            phrases.push(words(quoted));
        } else {
            phrases.extend(quoted.split_whitespace().map(words));
        }
    }
    phrases.retain(|phrase| !phrase.is_empty());
    phrases.truncate(MAX_PHRASES);
    phrases
}

/// The words of a text.
pub fn words(text: &str) -> Vec<String> {
    let mut joined = String::new();
    add_words(text, &mut joined);
    joined.split_whitespace().map(str::to_owned).collect()
}

/// Everything that a message is found by: subject, people, names of attachments, text.
pub fn words_of_message(message: &Message) -> String {
    let mut to = String::with_capacity(message.text.len().min(MAX_TEXT) + 512);
    add_words(&message.subject, &mut to);
    add_words(&message.from.name, &mut to);
    if let Some(address) = &message.from.address {
        add_words(address.as_str(), &mut to);
    }
    for Mailbox { name, address } in message.to.iter().chain(&message.cc).chain(&message.reply_to).take(50) {
        add_words(name, &mut to);
        add_words(address.as_str(), &mut to);
    }
    for attachment in &message.attachments {
        add_words(attachment.filename.as_deref().unwrap_or_default(), &mut to);
    }
    add_words(&message.text, &mut to);
    to
}

/// Everything that a contact is found by: name, addresses, telephone numbers.
pub fn words_of_contact(contact: &Contact) -> String {
    let mut to = String::new();
    add_words(&contact.name, &mut to);
    contact.addresses.iter().for_each(|address| add_words(address.as_str(), &mut to));
    contact.phones.iter().for_each(|phone| add_words(phone, &mut to));
    to
}

/// Whether the words of a text, as [`add_words`] joins them, contain a phrase word by word.
pub fn contains_phrase(joined: &str, phrase: &[String]) -> bool {
    let words: Vec<&str> = joined.split_whitespace().collect();
    !phrase.is_empty() && words.windows(phrase.len()).any(|window| window.iter().eq(phrase.iter()))
}

/// The line of a text in which one of these phrases begins, on one line of at most `max` characters; the beginning of
/// the text if there is none.
pub fn excerpt(text: &str, phrases: &[Vec<String>], max: usize) -> String {
    let begins_phrase = |word: &str| phrases.iter().any(|phrase| phrase.first().is_some_and(|first| first == word));
    let line = text.lines().find(|line| words(line).iter().any(|word| begins_phrase(word)));
    text::one_line(line.unwrap_or(text), max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_without_accents() {
        assert_eq!(words("Das Problème, ÄÖÜ-2: ﬁne!"), ["das", "probleme", "aou", "2", "fine"]);
        assert_eq!(words("日本語 text"), ["日", "本", "語", "text"]);
        assert_eq!(words("한국"), words("한국".nfkd().collect::<String>().as_str()));
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn ac_26_whatever_people_type_is_a_question() {
        assert_eq!(phrases("21:33:vf:cc:e4:9d"), [["21", "33", "vf", "cc", "e4", "9d"]]);
        assert_eq!(phrases("T.E. problème"), [vec!["t", "e"], vec!["probleme"]]);
        assert_eq!(phrases("\""), [[""; 0]; 0]);
        assert_eq!(phrases("a \"b c\" d"), [vec!["a"], vec!["b", "c"], vec!["d"]]);
        assert_eq!(phrases("* OR NEAR( ^ : -"), [["or"], ["near"]]);
    }

    #[test]
    fn a_phrase_is_found_word_by_word() {
        let mut joined = String::new();
        add_words("the quick brown fox", &mut joined);
        assert!(contains_phrase(&joined, &words("Quick Brown")));
        assert!(!contains_phrase(&joined, &words("quick fox")));
        assert!(!contains_phrase(&joined, &words("row")));
    }

    #[test]
    fn an_excerpt_is_the_line_with_the_word() {
        assert_eq!(excerpt("first\nthe Größe is 4\nlast", &phrases("grosse große"), 99), "the Größe is 4");
        assert_eq!(excerpt("first\nlast", &phrases("none"), 99), "first last");
    }
}

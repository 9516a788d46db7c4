//! TNEF (`winmail.dat`, MS-OXTNEF): what Outlook packs a mail into. Its text, HTML and attachments are taken out.

mod properties;
mod rtf;

use properties::{Property, properties};

/// What was inside.
#[derive(Default)]
pub struct Unpacked {
    pub text: Option<String>,
    pub html: Option<String>,
    pub files: Vec<File>,
    /// Whether all of it could be read.
    pub complete: bool,
}

/// An attachment.
#[derive(Default)]
pub struct File {
    pub name: Option<String>,
    pub content_type: String,
    pub content: Vec<u8>,
    pub content_id: Option<String>,
}

const SIGNATURE: u32 = 0x223e_9f78;
const BODY: u16 = 0x800c;
const PROPERTIES: u16 = 0x9003;
const NEW_ATTACHMENT: u16 = 0x9002;
const ATTACHMENT_TITLE: u16 = 0x8010;
const ATTACHMENT_DATA: u16 = 0x800f;
const ATTACHMENT_PROPERTIES: u16 = 0x9005;
const CODE_PAGE: u16 = 0x9007;

/// Takes a `winmail.dat` apart: at most `most` bytes of attachments, at most `files` of them.
pub fn unpack(bytes: &[u8], most: usize, files: usize) -> Unpacked {
    let mut unpacked = Unpacked::default();
    let mut input = Input(bytes);
    if input.u32() != Some(SIGNATURE) || input.u16().is_none() {
        return unpacked;
    }
    let mut size = 0;
    let mut rtf = None;
    let mut page = String::new();
    while !input.0.is_empty() {
        let Some((attribute, data)) = attribute(&mut input) else { return unpacked };
        size += data.len();
        if size > most || unpacked.files.len() > files {
            return unpacked;
        }
        match attribute {
            CODE_PAGE => page = Input(data).u32().map(|number| format!("cp{number}")).unwrap_or_default(),
            BODY => unpacked.text = unpacked.text.or_else(|| Some(text(data, &page))),
            PROPERTIES => message(&mut unpacked, &mut rtf, data, &page),
            NEW_ATTACHMENT => unpacked.files.push(File { content_type: OCTETS.to_owned(), ..File::default() }),
            _ => {
                if let Some(file) = unpacked.files.last_mut() {
                    attachment(file, attribute, data, &page);
                }
            }
        }
    }
    if let (None, None, Some(rtf)) = (&unpacked.text, &unpacked.html, rtf) {
        unpacked.text = rtf::to_text(&rtf, most);
    }
    unpacked.text = unpacked.text.filter(|text| !text.trim().is_empty());
    unpacked.complete = true;
    unpacked
}

const OCTETS: &str = "application/octet-stream";

/// One attribute: level, id, type, length, data, checksum.
fn attribute<'a>(input: &mut Input<'a>) -> Option<(u16, &'a [u8])> {
    input.take(1)?;
    let id = input.u16()?;
    input.u16()?;
    let length = usize::try_from(input.u32()?).ok()?;
    let data = input.take(length)?;
    input.u16()?;
    Some((id, data))
}

fn message(unpacked: &mut Unpacked, rtf: &mut Option<Vec<u8>>, data: &[u8], page: &str) {
    let found = properties(data);
    // The HTML has a code page of its own.
    let own = found.iter().find(|property| property.id == 0x3fde).and_then(|property| Input(&property.value).u32());
    let own = own.map(|number| format!("cp{number}"));
    for Property { id, value, wide } in found {
        match id {
            0x1000 => unpacked.text = Some(string(&value, wide, page)),
            0x1013 => unpacked.html = Some(string(&value, wide, own.as_deref().unwrap_or(page))),
            0x1009 => *rtf = Some(value),
            _ => {}
        }
    }
}

fn attachment(file: &mut File, attribute: u16, data: &[u8], page: &str) {
    match attribute {
        ATTACHMENT_TITLE => file.name = file.name.take().or_else(|| Some(text(data, page))),
        ATTACHMENT_DATA => file.content = data.to_vec(),
        ATTACHMENT_PROPERTIES => {
            for Property { id, value, wide } in properties(data) {
                match id {
                    0x3707 => file.name = Some(string(&value, wide, page)),
                    0x370e => file.content_type = string(&value, wide, page).to_ascii_lowercase(),
                    0x3712 => file.content_id = Some(string(&value, wide, page)),
                    // An object begins with its class id; the bytes of a mail inside a mail stay as they are.
                    0x3701 if file.content.is_empty() => file.content = value,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// A string of the message's own code page; if it does not say one, it is guessed.
fn text(data: &[u8], page: &str) -> String {
    super::charset::decode(until_nul(data), page, &mut super::Defects::default())
}

fn string(value: &[u8], wide: bool, page: &str) -> String {
    if !wide {
        return text(value, page);
    }
    let units: Vec<u16> = value
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]))
        .collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

fn until_nul(data: &[u8]) -> &[u8] {
    data.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Bytes that are read from the front, little end first.
#[derive(Clone, Copy)]
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(level: u8, id: u16, kind: u16, data: &[u8]) -> Vec<u8> {
        let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        [&[level][..], &id.to_le_bytes(), &kind.to_le_bytes(), &length, data, &sum.to_le_bytes()].concat()
    }

    fn property(id: u16, kind: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &id.to_le_bytes(), &1u32.to_le_bytes(), &length, value, &padding].concat()
    }

    fn winmail() -> Vec<u8> {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let body = [&1u32.to_le_bytes()[..], &property(0x1000, 0x1f, &wide("Grüße 😊\0"))].concat();
        let name = [&1u32.to_le_bytes()[..], &property(0x3707, 0x1f, &wide("Übersicht.pdf\0"))].concat();
        [
            &SIGNATURE.to_le_bytes()[..],
            &[1, 0],
            &attribute(1, PROPERTIES, 6, &body),
            &attribute(2, NEW_ATTACHMENT, 6, &[0; 14]),
            &attribute(2, ATTACHMENT_TITLE, 1, b"UEBERS~1.PDF\0"),
            &attribute(2, ATTACHMENT_DATA, 6, b"%PDF-1.7"),
            &attribute(2, ATTACHMENT_PROPERTIES, 6, &name),
        ]
        .concat()
    }

    #[test]
    fn ac_27_a_winmail_dat_is_unpacked_with_its_text_and_files() {
        let unpacked = unpack(&winmail(), 1 << 20, 100);
        assert!(unpacked.complete);
        assert_eq!(unpacked.text.as_deref(), Some("Grüße 😊"));
        assert_eq!(unpacked.files.len(), 1);
        assert_eq!(unpacked.files[0].name.as_deref(), Some("Übersicht.pdf"));
        assert_eq!(unpacked.files[0].content, b"%PDF-1.7");
    }

    #[test]
    fn a_winmail_dat_that_is_cut_anywhere_ends_nothing() {
        let whole = winmail();
        for end in 0..whole.len() {
            let unpacked = unpack(&whole[..end], 1 << 20, 100);
            assert!(unpacked.files.len() <= 1);
        }
        assert!(!unpack(&whole, 4, 100).complete, "more than may be unpacked");
    }
}

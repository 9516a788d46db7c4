//! MAPI properties as TNEF packs them (MS-OXTNEF section 2.1.3.5).

use super::Input;

/// A property with one value, or the first of several.
pub struct Property {
    pub id: u16,
    pub value: Vec<u8>,
    /// Whether the value is a string of UTF-16.
    pub wide: bool,
}

/// The properties in a block; ends at the first that cannot be read.
pub fn properties(data: &[u8]) -> Vec<Property> {
    let mut input = Input(data);
    let count = input.u32().unwrap_or(0).min(4096);
    let mut found = Vec::new();
    for _ in 0..count {
        let Some(property) = property(&mut input) else { break };
        found.extend(property);
    }
    found
}

/// `None` if it cannot be read, `Some(None)` if it holds nothing that is looked at.
fn property(input: &mut Input<'_>) -> Option<Option<Property>> {
    let (kind, id) = (input.u16()?, input.u16()?);
    if id >= 0x8000 {
        named(input)?;
    }
    let multiple = kind & 0x1000 != 0;
    let kind = kind & 0x0fff;
    let fixed = match kind {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    };
    let many = multiple || fixed.is_none();
    let count = if many { input.u32()? } else { 1 };
    let mut first = None;
    for _ in 0..count.min(4096) {
        let value = match fixed {
            Some(length) => input.take(length)?,
            None => {
                let length = usize::try_from(input.u32()?).ok()?;
                let value = input.take(length)?;
                // Values are padded to four bytes; at the very end the padding may be missing.
                let _ = input.take(length.next_multiple_of(4) - length);
                value
            }
        };
        first.get_or_insert_with(|| value.to_vec());
    }
    Some(first.map(|value| Property { id, value, wide: kind == 0x1f }))
}

/// A property with a name of its own: a GUID, then a number or a string.
fn named(input: &mut Input<'_>) -> Option<()> {
    input.take(16)?;
    if input.u32()? == 0 {
        input.u32()?;
        return Some(());
    }
    let length = usize::try_from(input.u32()?).ok()?;
    input.take(length.checked_next_multiple_of(4)?).map(drop)
}

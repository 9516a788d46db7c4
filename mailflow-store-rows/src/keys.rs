//! [`parts`]: the columns of a key out of its bytes.

use mailflow_core::store::RecordKind;

/// What stands in the columns of a key, out of [`Key::bytes`](mailflow_core::store::Key::bytes); without bytes, what is
/// before all keys. A table of `columns` columns has a key.
pub fn parts(kind: RecordKind, columns: usize, bytes: &[u8]) -> Vec<&[u8]> {
    let (at, skipped) = match (kind, columns) {
        (RecordKind::Document, _) => (bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()), 1),
        (_, 2) => (16, 0),
        _ => return vec![bytes],
    };
    let (first, second) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    vec![first, second.get(skipped..).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use mailflow_core::digest::Digest;
    use mailflow_core::directory::DocumentKind;
    use mailflow_core::id::{AgentId, SourceId, TicketId};
    use mailflow_core::store::Key;

    use super::*;

    #[test]
    fn a_key_is_cut_into_its_columns_again() {
        let digest = Digest::of(b"x");
        let key = Key::Arrival(SourceId::from_bytes([1; 16]), digest);
        assert_eq!(parts(key.kind(), 2, &key.bytes()), [&[1; 16][..], &digest.as_bytes()[..]]);
        let key = Key::Draft(AgentId::from_bytes([1; 16]), TicketId::from_bytes([2; 16]));
        assert_eq!(parts(key.kind(), 2, &key.bytes()), [[1; 16], [2; 16]]);
        let key = Key::Document(DocumentKind::Agent, uuid::Uuid::from_bytes([0; 16]));
        assert_eq!(parts(key.kind(), 2, &key.bytes()), [&b"agent"[..], &[0; 16]]);
        assert_eq!(parts(RecordKind::Thread, 1, b"abc"), [b"abc"]);
        assert_eq!(parts(RecordKind::Draft, 2, b""), [b"", b""]);
    }
}

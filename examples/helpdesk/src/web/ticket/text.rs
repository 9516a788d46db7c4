//! A text as it is shown: what its writer wrote, and folded behind it what he quotes and how he signs.

use mailflow_core::mail::{PieceKind, fold};

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The lines.
    pub text: String,
    /// Set if it is folded: what is behind the fold, in words.
    pub fold: Option<String>,
}

/// A text in pieces, empty lines around them removed.
pub fn pieces(text: &str) -> Vec<Piece> {
    let piece = |piece: mailflow_core::mail::Piece<'_>| {
        let text = piece.text.trim_matches(['\n', '\r']).trim_end();
        let lines = text.lines().count();
        let fold = match piece.kind {
            PieceKind::Own => None,
            PieceKind::Quoted => Some(format!("{lines} quoted line{}", if lines == 1 { "" } else { "s" })),
            PieceKind::Signature => Some("signature".to_owned()),
        };
        (!text.trim().is_empty()).then(|| Piece { text: text.to_owned(), fold })
    };
    fold(text).into_iter().filter_map(piece).collect()
}

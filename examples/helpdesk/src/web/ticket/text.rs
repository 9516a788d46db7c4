//! A text as it is shown: what its writer wrote, and folded behind it what he quotes.

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The lines.
    pub text: String,
    /// Set if it is folded: what is behind the fold, in words.
    pub fold: Option<String>,
}

/// A text in pieces, white space around them removed.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for line in text.lines() {
        let quoted = line.starts_with('>');
        match pieces.last_mut() {
            Some(last) if last.fold.is_some() == quoted => {
                last.text.push('\n');
                last.text.push_str(line);
            }
            _ => pieces.push(Piece { text: line.to_owned(), fold: quoted.then(String::new) }),
        }
    }
    for piece in &mut pieces {
        let lines = piece.text.lines().count();
        if piece.fold.is_some() {
            piece.fold = Some(format!("{lines} quoted line{}", if lines == 1 { "" } else { "s" }));
        }
        piece.text = piece.text.trim_matches('\n').to_owned();
    }
    pieces.retain(|piece| !piece.text.trim().is_empty());
    pieces
}

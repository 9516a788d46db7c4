//! The lines that the text is written in.

use crate::mail::reply;

/// What stands between what was written and what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Break {
    /// Nothing.
    #[default]
    None,
    /// The border between two cells of a row.
    Cell,
    /// A new line.
    Line,
    /// An empty line.
    Blank,
}

/// Quotes, lists and indents that are deeper look as if they were not: there is no room for more.
const DEEPEST: usize = 8;

/// Text, line by line.
#[derive(Default)]
pub struct Lines {
    /// Bytes written so far, about.
    pub written: usize,
    /// How many elements are open in which white space means something.
    pub preformatted: usize,
    /// How many lists are open.
    pub indent: usize,
    /// What the next line begins with: it is the first one of an item.
    pub marker: Option<String>,
    done: Vec<String>,
    line: String,
    space: bool,
    next: Break,
    /// The row that is open: whether it has words, and whether they take more than one line.
    row: (bool, bool),
    /// Whether a cell has begun, and has no words yet.
    fresh_cell: bool,
    /// The quotes that are open, and how many more are too deep to show.
    quotes: Vec<Quote>,
    deeper: usize,
    /// Whether something was cited before: then the next quote goes on with it.
    cited: bool,
}

/// A quote that is open, and the lines before it.
struct Quote {
    before: Vec<String>,
    cited: bool,
}

impl Lines {
    /// Asks for at least this break before the next words.
    pub fn need(&mut self, wanted: Break) {
        if self.fresh_cell {
            return; // A cell's first block begins where the cell does.
        }
        self.next = self.next.max(wanted);
    }

    /// Writes words. White space is one space, unless it means something here.
    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' if self.preformatted > 0 => self.end_line(),
                '\r' if self.preformatted > 0 => {}
                ' ' | '\t' if self.preformatted > 0 => {
                    self.begin();
                    self.line.push(c);
                }
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.space = true,
                '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
                '\u{a0}' => {
                    self.begin();
                    self.line.push(' ');
                }
                c if c.is_control() => {}
                c => {
                    self.begin();
                    self.line.push(c);
                    self.row.0 = true;
                }
            }
        }
    }

    /// Ends the line, even if it is empty.
    pub fn end_line(&mut self) {
        self.fresh_cell = false;
        self.break_now();
        self.flush();
    }

    /// A line across the page.
    pub fn rule(&mut self) {
        self.fresh_cell = false;
        self.need(Break::Line);
        self.text("----------------------------------------");
        self.need(Break::Line);
    }

    /// A row of a table begins.
    pub fn row(&mut self) {
        self.fresh_cell = false;
        self.need(Break::Line);
        self.row = (false, false);
    }

    /// A cell begins: beside the one before if that has one line, else below it.
    pub fn cell(&mut self) {
        self.fresh_cell = false;
        match self.row {
            (true, false) => self.next = Break::Cell,
            (true, _) => self.need(Break::Line),
            (false, _) => {}
        }
        self.fresh_cell = true;
    }

    /// A quote begins. `cited` says that it is known to be what somebody else wrote.
    pub fn open_quote(&mut self, cited: bool) {
        self.need(Break::Line);
        self.break_now();
        if self.quotes.len() >= DEEPEST {
            self.deeper += 1;
            return;
        }
        let cited = cited || self.cited || reply::introduces(&self.done);
        self.quotes.push(Quote { before: std::mem::take(&mut self.done), cited });
    }

    /// A quote ends. Only now it is clear whether it is one, or a matter of looks.
    pub fn close_quote(&mut self) {
        self.need(Break::Line);
        self.break_now();
        if let Some(deeper) = self.deeper.checked_sub(1) {
            self.deeper = deeper;
            return;
        }
        let Some(Quote { before, cited }) = self.quotes.pop() else { return };
        let inside = std::mem::replace(&mut self.done, before);
        let cited = cited || reply::begins_quoted(&inside);
        self.cited |= cited;
        let lines = trimmed(inside);
        if !cited && !lines.is_empty() {
            self.blank();
        }
        for line in lines {
            let start = match (cited, line.is_empty(), line.starts_with('>')) {
                (true, true, _) => ">",
                (true, _, true) => ">",
                (true, _, false) => "> ",
                (false, true, _) => "",
                (false, ..) => "    ",
            };
            self.done.push(format!("{start}{line}"));
        }
        self.need(Break::Blank);
    }

    /// The text; at most two empty lines together, none at the beginning and the end.
    pub fn finish(mut self) -> String {
        while !self.quotes.is_empty() {
            self.deeper = 0;
            self.close_quote();
        }
        self.next = Break::Line;
        self.break_now();
        let mut text = String::with_capacity(self.written);
        let mut empty = 0;
        for line in trimmed(self.done) {
            empty = if line.is_empty() { empty + 1 } else { 0 };
            if empty <= 2 {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    /// Makes the break that was asked for; afterwards words can be written.
    fn break_now(&mut self) {
        match std::mem::take(&mut self.next) {
            Break::None => {}
            Break::Cell if self.line.is_empty() => {}
            Break::Cell => {
                self.line.push_str(if self.line.ends_with(':') { " " } else { " | " });
                self.space = false;
            }
            Break::Line => self.flush_words(),
            Break::Blank => {
                self.flush_words();
                self.blank();
            }
        }
    }

    fn blank(&mut self) {
        if self.done.last().is_some_and(|line| !line.is_empty()) {
            self.done.push(String::new());
        }
    }

    fn flush_words(&mut self) {
        if !self.line.is_empty() {
            self.flush();
        }
    }

    /// Ready for a character: breaks, spaces and markers are written.
    fn begin(&mut self) {
        self.fresh_cell = false;
        self.break_now();
        if self.line.is_empty() {
            let depth = self.indent.min(DEEPEST);
            match self.marker.take() {
                Some(marker) => {
                    self.line.push_str(&"  ".repeat(depth.saturating_sub(1)));
                    self.line.push_str(&marker);
                }
                None => self.line.push_str(&"  ".repeat(depth)),
            }
        } else if self.space && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
        self.space = false;
        self.written += 1;
    }

    fn flush(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        // The only space at the end that means something: `-- ` begins a signature.
        let signature = line.trim() == "--" && (self.space || line.ends_with(' '));
        line.truncate(line.trim_end().len());
        if signature {
            line.push(' ');
        }
        self.space = false;
        self.written += 1;
        self.row.1 |= self.row.0;
        self.done.push(line);
    }
}

/// Without the empty lines around.
fn trimmed(mut lines: Vec<String>) -> Vec<String> {
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let empty = lines.iter().take_while(|line| line.trim().is_empty()).count();
    lines.drain(..empty);
    lines
}

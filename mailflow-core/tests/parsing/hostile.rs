//! Mails that cost a careless reader more than their length. The benchmarks use the same list.

/// A kind of hostile mail.
pub struct Shape {
    /// What it is full of.
    pub name: &'static str,
    /// What stands before the part that is repeated: headers, or headers and the beginning of a body.
    before: &'static str,
    /// The part that is repeated.
    again: &'static str,
}

impl Shape {
    /// A mail of this shape of about so many bytes. Its subject is `good`.
    pub fn mail(&self, size: usize) -> Vec<u8> {
        let mut mail = format!("Subject: good\nFrom: MAILER-DAEMON@one.example\n{}", self.before).into_bytes();
        let mut level = 0u32;
        while mail.len() < size {
            if self.again.contains("{}") {
                mail.extend_from_slice(self.again.replace("{}", &level.to_string()).as_bytes());
                level += 1;
            } else {
                mail.extend_from_slice(self.again.as_bytes());
            }
        }
        mail
    }
}

const HTML: &str = "Content-Type: text/html\n\n";
const TEXT: &str = "Content-Type: text/plain\n\n";
const BASE64: &str = "Content-Transfer-Encoding: base64\n\n";
const QUOTED: &str = "Content-Transfer-Encoding: quoted-printable\n\n";
const MIXED: &str = "Content-Type: multipart/mixed; boundary=B\n\n";

/// All shapes.
pub fn all() -> Vec<Shape> {
    let shape = |(name, before, again)| Shape { name, before, again };
    [
        ("blanks in one line of HTML", HTML, "                                "),
        ("nested <div>", HTML, "<div>"),
        ("nested <ul><li>", HTML, "<ul><li>"),
        ("nested <dl><dd><dt>", HTML, "<dl><dd><dt>"),
        ("<a><div></a>", HTML, "<a><div></a>"),
        ("&nbsp;", HTML, "&nbsp;"),
        ("links", HTML, "<a href='http://one.example/'>x</a> "),
        ("attributes of one tag", "Content-Type: text/html\n\n<p ", "a{}=b "),
        ("tags that never end", HTML, "<p <"),
        ("comments that never end", HTML, "<!--"),
        ("references to Content-IDs", HTML, "cid:x "),
        ("levels of parts", "", "Content-Type: multipart/mixed; boundary=b{}\n\n--b{}\n"),
        ("levels of parts with one boundary", "", "Content-Type: multipart/mixed; boundary=B\n\n--B\n"),
        ("levels of mails", "", "Content-Type: message/rfc822\n\nSubject: x\n"),
        ("empty parts", MIXED, "--B\n\n"),
        ("parts with headers", MIXED, "--B\nContent-Type: image/png; name=x{}\nContent-ID: <x>\n\nx\n"),
        (
            "alternatives",
            "Content-Type: multipart/alternative; boundary=B\n\n",
            "--B\nContent-Type: text/html\n\n<p>x\n",
        ),
        ("almost boundaries", MIXED, "--Bx\n--\n--"),
        (
            "a boundary of dashes",
            "Content-Type: multipart/mixed; boundary=\"----------------\"\n\n",
            "-------------------\n",
        ),
        ("base64 with garbage", BASE64, "QUJD!*"),
        ("base64 in one line", BASE64, "QUJDQUJDQUJD"),
        ("padding", BASE64, "===="),
        ("equals signs", QUOTED, "="),
        ("soft breaks", QUOTED, "= \t \n"),
        ("blanks after equals signs", QUOTED, "=          "),
        ("encoded words", "X-Other: ", "=?utf-8?Q?a?= "),
        ("encoded words that never end", "X-Other: ", "=?utf-8?Q?a"),
        ("encoded words of many charsets", "To: ", "=?utf-8?Q?a?= =?koi8-r?B?8NLJ?= "),
        ("addresses", "To: ", "a{}@one.example, "),
        ("commas", "To: ", ","),
        ("groups", "To: ", "a:;"),
        ("opening brackets", "To: ", "<"),
        ("quotes", "To: ", "\""),
        ("escapes", "To: \"", "\\\\"),
        ("opening parentheses", "To: ", "("),
        ("at signs", "To: ", "a@"),
        ("parameters", "Content-Type: text/plain", "; p*{}*=%41"),
        ("parameters without end", "Content-Type: text/plain; a=\"", "b; c="),
        ("comments in a type", "Content-Type: text/plain ", "("),
        ("headers", "", "X-Header-{}: x\n"),
        ("folds", "X-Other: a", "\n b"),
        ("lines that are no headers", "", "no header\nA: b\n"),
        ("references", "References: ", "<{}@x> "),
        ("words that are no ids", "In-Reply-To: ", "a@b "),
        ("files in the text", TEXT, "begin 644 a\n#0V%T\n`\nend\n"),
        ("files that never end", TEXT, "begin 644 a\n"),
        ("flowed lines", "Content-Type: text/plain; format=flowed\n\n", "> a \n"),
        ("empty lines", TEXT, "\n"),
        ("quotes in the text", TEXT, ">"),
        ("addresses in a report", TEXT, "could not be delivered to <a{}@two.example>: 550 5.1.1 User unknown\n"),
        ("lines of a report", TEXT, "a{}@two.example\n\n"),
        (
            "blocks of a machine's report",
            "Content-Type: message/delivery-status\n\n",
            "Final-Recipient: rfc822; a{}@x.example\nStatus: 5.1.1\n\n",
        ),
        ("blank lines of a machine's report", "Content-Type: message/delivery-status\n\n", " x\n"),
        ("recipients that failed", "Content-Type: text/plain\nX-Failed-Recipients: a@x.example", ", a{}@x.example"),
        ("escapes of ISO-2022-JP", "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\u{1b}$B\u{1b}(B"),
        ("shifts of UTF-7", "Content-Type: text/plain; charset=utf-7\n\n", "+AOQ-+"),
        ("letters of an unknown charset", "Content-Type: text/plain; charset=x-nobody\n\n", "ä"),
        ("NUL", TEXT, "\0"),
        ("carriage returns", TEXT, "\r"),
        ("colons", "", ":"),
    ]
    .map(shape)
    .into()
}

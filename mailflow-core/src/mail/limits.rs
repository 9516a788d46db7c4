//! [`Limits`]: how much of a mail is looked at. Checked before parsing, so that a hostile mail costs no more than its
//! length.

/// What a mail may have before the rest of it is left as it is: kept, shown as it came, but not taken apart.
///
/// Nothing is lost by a limit: the raw bytes are always kept, and each limit that was met is a
/// [`Defect`](super::Defect) of the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a whole mail; a larger one is read by its headers only. Default 25 MiB.
    pub mail_bytes: usize,
    /// Levels of parts inside parts (multipart and message/rfc822 together); what is deeper is one attachment.
    /// Default 32.
    pub depth: usize,
    /// Parts of all levels together; the rest is one attachment. Default 1,000.
    pub parts: usize,
    /// Bytes of one header; the rest of it is dropped. Default 256 KiB.
    pub header_bytes: usize,
    /// Bytes of all headers of one part together; the headers after that are dropped. Default 1 MiB.
    pub headers_bytes: usize,
    /// Headers of one part. Default 1,000.
    pub headers: usize,
    /// Addresses of one header. Default 2,000.
    pub addresses: usize,
    /// Ids of one `References` header: the first, and the last ones. Default 100.
    pub references: usize,
    /// Parameters of one header (RFC 2231 segments count one each). Default 64.
    pub parameters: usize,
    /// Elements inside one another in HTML. Browsers stop at 512. Default 128.
    pub html_depth: usize,
    /// Tags in one HTML body; an HTML body with more is shown as text. Default 200,000.
    pub html_tags: usize,
    /// Character references (`&nbsp;`) in one HTML body. Default 200,000.
    pub html_entities: usize,
    /// Attributes of one tag. Default 256.
    pub html_attributes: usize,
    /// Bytes of one HTML body. Default 2 MiB.
    pub html_bytes: usize,
    /// Bytes of text that a message shows and that is searched; the rest is one click away. Default 256 KiB.
    pub text_bytes: usize,
    /// Bytes that all parts unpacked from attachments (winmail.dat, uuencode) may have together. Default 64 MiB.
    pub unpacked_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail_bytes: 25 << 20,
            depth: 32,
            parts: 1000,
            header_bytes: 256 << 10,
            headers_bytes: 1 << 20,
            headers: 1000,
            addresses: 2000,
            references: 100,
            parameters: 64,
            html_depth: 128,
            html_tags: 200_000,
            html_entities: 200_000,
            html_attributes: 256,
            html_bytes: 2 << 20,
            text_bytes: 256 << 10,
            unpacked_bytes: 64 << 20,
        }
    }
}

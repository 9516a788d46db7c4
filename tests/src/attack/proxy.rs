//! [`Proxy`]: stands before the real server and takes away what protects its pages, one wall or several: so a test sees
//! what each is good for without a switch in the product.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::HEADER;
use super::payloads::Payload;

/// Which walls stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walls {
    /// Mail's HTML is made safe before it is shown.
    pub sanitiser: bool,
    /// What mail says in pages of ours is text, not HTML.
    pub escaping: bool,
    /// The frame is a sandbox.
    pub sandbox: bool,
    /// Pages and frames have their policy (CSP).
    pub policy: bool,
    /// Whether there is anything in the frames: what pages of ours say is seen without.
    pub frames: bool,
}

impl Walls {
    /// As it is.
    pub const ALL: Self = Self { sanitiser: true, escaping: true, sandbox: true, policy: true, frames: true };
    /// Nothing stops anything in a mail's HTML.
    pub const NONE: Self = Self { sanitiser: false, escaping: true, sandbox: false, policy: false, frames: true };
}

/// The proxy, running.
pub struct Proxy {
    /// Where it is, with a slash at the end.
    pub address: String,
    walls: Arc<Mutex<Walls>>,
}

/// What every connection knows.
#[derive(Clone)]
struct Way {
    server: String,
    payloads: Arc<Vec<Payload>>,
    walls: Arc<Mutex<Walls>>,
}

impl Proxy {
    /// Stands before a server, with all walls.
    pub async fn start(server: &str, payloads: &[Payload]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let walls = Arc::new(Mutex::new(Walls::ALL));
        let way = Way { server: server.to_owned(), payloads: Arc::new(payloads.to_vec()), walls: walls.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let way = way.clone();
                // Who goes away before his answer has come does not want it.
                tokio::spawn(async move { way.pass(stream).await.ok() });
            }
        });
        Self { address, walls }
    }

    /// From the next request on only these walls stand.
    pub fn stand(&self, walls: Walls) {
        *self.walls.lock().unwrap() = walls;
    }
}

/// A request's head, and what of its body came with it.
async fn head_of(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            bytes.truncate(at);
            return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), rest)));
        }
        match stream.read(&mut piece).await? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(piece.get(..read).unwrap_or_default()),
        }
    }
}

fn value<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

/// What has the entities of HTML's own characters made into them again.
fn unescaped(html: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">")];
    let plain = pairs.into_iter().fold(html.to_owned(), |html, (entity, it)| html.replace(entity, it));
    plain.replace("&quot;", "\"").replace("&#38;", "&").replace("&amp;", "&")
}

impl Way {
    async fn pass(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some((head, mut body)) = head_of(&mut stream).await? else { return Ok(()) };
        let length: usize = value(&head, "content-length").parse().unwrap_or(0);
        while body.len() < length {
            let mut piece = [0; 8192];
            match stream.read(&mut piece).await? {
                0 => return Ok(()),
                read => body.extend_from_slice(piece.get(..read).unwrap_or_default()),
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        let answer = match path {
            // Nothing changes here, and what never ends would have to be passed on as it comes.
            "/live" => "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".as_bytes().to_vec(),
            path if path.contains("/frame") && !self.walls.lock().unwrap().frames => {
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_vec()
            }
            path => self.changed(&head, path, self.ask(&head, &body).await?).await?,
        };
        stream.write_all(&answer).await?;
        stream.shutdown().await
    }

    /// Asks the server, which closes the connection after it.
    async fn ask(&self, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let dropped = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !matches!(name.as_str(), "connection" | "accept-encoding")
        };
        let lines: Vec<&str> = head.lines().filter(dropped).collect();
        let mut server = TcpStream::connect(&self.server).await?;
        server.write_all(format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
        server.write_all(body).await?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await?;
        Ok(answer)
    }

    /// The answer without the walls that do not stand.
    async fn changed(&self, asked: &str, path: &str, answer: Vec<u8>) -> std::io::Result<Vec<u8>> {
        let walls = *self.walls.lock().unwrap();
        let Some(at) = answer.windows(4).position(|it| it == b"\r\n\r\n") else { return Ok(answer) };
        let head = String::from_utf8_lossy(answer.get(..at).unwrap_or_default()).into_owned();
        if !value(&head, "content-type").starts_with("text/html") {
            return Ok(answer);
        }
        let mut body = String::from_utf8_lossy(answer.get(at + 4..).unwrap_or_default()).into_owned();
        if path.contains("/frame") {
            if !walls.sanitiser {
                body = self.unsanitised(asked, path).await?;
            }
        } else {
            if !walls.escaping {
                // A page that leads elsewhere at once cannot be looked at.
                body = unescaped(&body).replace("http-equiv=refresh", "http-equiv=x");
            }
            // All mails are open, and all frames are looked at, not only those that somebody scrolls to.
            body = body
                .replace(" loading=\"lazy\"", "")
                .replace("<details class=\"message", "<details open class=\"message");
            if !walls.sandbox {
                body = body.replace(" sandbox=\"", " data-sandbox=\"");
            }
        }
        let mut lines = Vec::new();
        for line in head.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" | "transfer-encoding" => {}
                "content-security-policy" => {
                    let parts = value.split(';').filter(|it| match it.trim().starts_with("sandbox") {
                        true => walls.sandbox,
                        false => walls.policy,
                    });
                    lines.push(format!("{name}: {}", parts.collect::<Vec<_>>().join(";")));
                }
                _ => lines.push(line.to_owned()),
            }
        }
        Ok(format!("{}\r\nContent-Length: {}\r\n\r\n{body}", lines.join("\r\n"), body.len()).into_bytes())
    }

    /// What the mail of a frame really says.
    async fn unsanitised(&self, asked: &str, path: &str) -> std::io::Result<String> {
        let raw = asked.replacen(path, &path.replace("/frame", "/raw"), 1);
        let mail = String::from_utf8_lossy(&self.ask(&raw, b"").await?).into_owned();
        let said = mail.lines().find_map(|line| line.strip_prefix(HEADER)?.strip_prefix(": "));
        let number: Option<usize> = said.and_then(|it| it.trim().parse().ok());
        Ok(number.and_then(|it| self.payloads.get(it)).map(|it| it.html.clone()).unwrap_or_default())
    }
}

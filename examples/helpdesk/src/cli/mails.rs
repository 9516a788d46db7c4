//! Reading mails from wherever they lie: `.eml` files, folders, mbox files (RFC 4155, mboxrd quoting), Maildirs, stdin.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The most bytes of one mail that are read: what is longer is cut, and says so when it is parsed.
const LARGEST: usize = 64 << 20;

/// A mail that was found, or a place that could not be read.
pub type Found = Result<(String, Vec<u8>), (String, io::Error)>;

/// Hands over every mail under these paths, in their order; files of a folder by their names. Stops when `to` says so.
pub fn read(paths: &[PathBuf], to: &mut impl FnMut(Found) -> bool) {
    for path in paths {
        if !read_one(path, to) {
            return;
        }
    }
}

fn read_one(path: &Path, to: &mut impl FnMut(Found) -> bool) -> bool {
    let name = path.display().to_string();
    if path == Path::new("-") {
        return read_stream(&name, &mut io::stdin().lock(), to);
    }
    match std::fs::metadata(path) {
        Err(error) => to(Err((name, error))),
        Ok(metadata) if metadata.is_dir() => read_folder(path, to),
        Ok(_) => match File::open(path) {
            Err(error) => to(Err((name, error))),
            Ok(file) => read_stream(&name, &mut BufReader::with_capacity(1 << 16, file), to),
        },
    }
}

fn read_folder(folder: &Path, to: &mut impl FnMut(Found) -> bool) -> bool {
    let (fresh, seen) = (folder.join("new"), folder.join("cur"));
    let is_maildir = fresh.is_dir() && seen.is_dir();
    let folders = if is_maildir { vec![fresh, seen] } else { vec![folder.to_owned()] };
    folders.iter().all(|folder| match list(folder) {
        Err(error) => to(Err((folder.display().to_string(), error))),
        Ok(mut entries) => {
            let is_mail = |path: &PathBuf| path.extension().is_some_and(|it| it == "eml" || it == "mbox");
            // A folder of .eml files may hold other things beside them.
            if !is_maildir && entries.iter().any(is_mail) {
                entries.retain(|path| is_mail(path) || path.is_dir());
            }
            entries.iter().all(|path| read_one(path, to))
        }
    })
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    entries.sort();
    Ok(entries)
}

/// One mail, or an mbox if it begins like one.
fn read_stream(name: &str, stream: &mut impl BufRead, to: &mut impl FnMut(Found) -> bool) -> bool {
    match stream.fill_buf() {
        Err(error) => to(Err((name.to_owned(), error))),
        Ok(start) if start.starts_with(b"From ") => read_mbox(name, stream, to),
        Ok(_) => {
            let mut bytes = Vec::new();
            match io::Read::read_to_end(&mut io::Read::take(stream, LARGEST as u64), &mut bytes) {
                Ok(_) => to(Ok((name.to_owned(), bytes))),
                Err(error) => to(Err((name.to_owned(), error))),
            }
        }
    }
}

/// A mail begins at a line `From …` that stands first or after an empty line.
fn read_mbox(name: &str, stream: &mut impl BufRead, to: &mut impl FnMut(Found) -> bool) -> bool {
    let (mut mail, mut line, mut number) = (Vec::new(), Vec::new(), 0u64);
    let (mut after_empty, mut begun) = (true, false);
    loop {
        line.clear();
        match stream.read_until(b'\n', &mut line) {
            Err(error) => return to(Err((format!("{name}#{}", number + 1), error))),
            Ok(0) => return !begun || to(Ok((format!("{name}#{}", number + 1), without_last_empty_line(mail)))),
            Ok(_) if after_empty && line.starts_with(b"From ") => {
                if begun {
                    number += 1;
                    if !to(Ok((format!("{name}#{number}"), without_last_empty_line(std::mem::take(&mut mail))))) {
                        return false;
                    }
                }
                (begun, after_empty) = (true, false);
            }
            Ok(_) => {
                after_empty = matches!(line.as_slice(), b"\n" | b"\r\n");
                if mail.len() < LARGEST {
                    mail.extend_from_slice(unquoted(&line));
                }
            }
        }
    }
}

/// `>From ` was written for `From `, `>>From ` for `>From `.
fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    match line.get(quotes..) {
        Some(rest) if quotes > 0 && rest.starts_with(b"From ") => line.get(1..).unwrap_or(line),
        _ => line,
    }
}

/// The empty line before the next mail belongs to the mbox.
fn without_last_empty_line(mut mail: Vec<u8>) -> Vec<u8> {
    if mail.ends_with(b"\r\n\r\n") {
        mail.truncate(mail.len() - 2);
    } else if mail.ends_with(b"\n\n") {
        mail.truncate(mail.len() - 1);
    }
    mail
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mails(stream: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        read_stream("x", &mut io::BufReader::new(stream), &mut |mail| {
            found.push(String::from_utf8(mail.unwrap().1).unwrap());
            true
        });
        found
    }

    #[test]
    fn an_mbox_is_cut_where_mails_begin_and_unquoted() {
        let mbox = b"From a@one.example Tue Nov 14\nSubject: 1\n\n>From here\n>>From there\nFrom inside a paragraph\n\nFrom b@one.example Tue\nSubject: 2\n\nx\n";
        assert_eq!(
            mails(mbox),
            ["Subject: 1\n\nFrom here\n>From there\nFrom inside a paragraph\n", "Subject: 2\n\nx\n"]
        );
    }

    #[test]
    fn what_does_not_begin_like_an_mbox_is_one_mail() {
        assert_eq!(mails(b"Subject: 1\n\nFrom here\n\nFrom there\n"), ["Subject: 1\n\nFrom here\n\nFrom there\n"]);
        assert_eq!(mails(b""), [""]);
    }
}

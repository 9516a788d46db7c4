//! Writes mails to measure with: `mails PLACE COUNT`. A place that ends with `.mbox` becomes one mbox file, another one a
//! folder of `.eml` files. The same count gives the same mails on every machine.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use mailflow_benches::mixed;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(place), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mails PLACE COUNT".into());
    };
    let (place, count): (&Path, u64) = (Path::new(&place), count.parse()?);
    let (mut total, mut smallest, mut largest) = (0, usize::MAX, 0);
    let mut mbox = match place.extension() {
        Some(it) if it == "mbox" => Some(BufWriter::new(File::create(place)?)),
        _ => fs::create_dir_all(place).map(|()| None)?,
    };
    for number in 0..count {
        let mail = mixed::mail(number);
        (total, smallest, largest) = (total + mail.len(), smallest.min(mail.len()), largest.max(mail.len()));
        match &mut mbox {
            Some(mbox) => {
                mbox.write_all(b"From sender@example.net Mon Sep  2 10:00:00 2024\n")?;
                for line in mail.split_inclusive(|byte| *byte == b'\n') {
                    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
                    if line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From ")) {
                        mbox.write_all(b">")?;
                    }
                    mbox.write_all(line)?;
                }
                mbox.write_all(b"\n")?;
            }
            None => fs::write(place.join(format!("{number:06}.eml")), mail)?,
        }
    }
    if let Some(mbox) = mbox {
        mbox.into_inner()?.sync_all()?;
    }
    let average = total as f64 / count.max(1) as f64;
    println!("{count} mails, {:.1} MB; {average:.0} bytes on average, {smallest} to {largest}", total as f64 / 1e6);
    Ok(())
}

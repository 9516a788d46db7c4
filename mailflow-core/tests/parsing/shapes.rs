//! AC-14: hostile shapes. How long they take is measured in `benches/`; here nothing may panic, and the headers beside
//! them are read.

use mailflow_core::mail::{Limits, parse};

use crate::hostile;

#[test]
fn ac_14_no_shape_panics_or_loses_the_subject() {
    let shapes = hostile::all();
    assert!(shapes.len() >= 25);
    for shape in shapes {
        for size in [64 << 10, 256 << 10] {
            let mail = parse(&shape.mail(size), &Limits::default());
            assert_eq!(mail.subject, "good", "{} at {size}", shape.name);
        }
    }
}

#[test]
fn ac_14_a_part_that_claims_to_be_a_gigabyte_is_as_long_as_it_is() {
    let mail = "From: a@one.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: image/png\nContent-Length: 1073741824\n\nx\n--B--\n";
    assert_eq!(crate::read(mail).attachments[0].content, b"x");
}

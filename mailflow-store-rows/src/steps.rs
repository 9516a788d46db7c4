//! The steps that bring a database to the newest shape: whether those that it has taken are ours.

use mailflow_core::digest::Digest;
use mailflow_core::store::{StoreError, StoreErrorKind};

/// A step that a database has taken: its number, counted from 1, and its digest.
pub type Taken = (i64, Vec<u8>);

/// The digest of a step, by which it is known again: a step that was taken must not be another one now.
pub fn digest(step: &str) -> Digest {
    Digest::of(step.as_bytes())
}

/// Checks the steps that a database has taken, so many, in their order, against all that there are. `database` is how it
/// is called in front of a sentence.
///
/// # Errors
/// [`StoreError`] if they are others, or more than there are. Its words say what to do.
pub fn check(
    database: &str,
    shape: usize,
    taken: impl Iterator<Item = Taken>,
    steps: &[&str],
) -> Result<(), StoreError> {
    check_known(database, shape, steps)?;
    let mut known = (1..).zip(steps.iter().map(|step| digest(step).as_bytes().to_vec()));
    let mut taken = taken.take(shape);
    if !taken.all(|it| known.next() == Some(it)) {
        return Err(unusable(format!(
            "{database} was brought to its shape by an unreleased version of mailflow; use that one, or another database"
        )));
    }
    Ok(())
}

/// Checks that a database has not taken more steps than there are: then a newer program has been there.
///
/// # Errors
/// [`StoreError`] that says so, and what to do.
pub fn check_known(database: &str, shape: usize, steps: &[&str]) -> Result<(), StoreError> {
    let newest = steps.len();
    if shape <= newest {
        return Ok(());
    }
    let doing =
        format!("{database} has shape {shape}, this program knows {newest}; use the later version of mailflow");
    Err(StoreError::new(StoreErrorKind::Outdated, doing))
}

/// A failure that says what is wrong with a database, and what to do.
pub fn unusable(doing: String) -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_are_known_may_have_been_taken() {
        let taken = |steps: &[&str]| -> Vec<Taken> {
            (1..).zip(steps).map(|(number, step)| (number, digest(step).as_bytes().to_vec())).collect()
        };
        let steps = ["one", "two"];
        for ours in [&steps[..0], &steps[..1], &steps[..]] {
            check("it", ours.len(), taken(ours).into_iter(), &steps).unwrap();
        }
        let words = |taken: Vec<Taken>| check("it", taken.len(), taken.into_iter(), &steps).unwrap_err().to_string();
        assert!(words(taken(&["one", "two", "three"])).starts_with("it has shape 3, this program knows 2; "));
        assert!(words(taken(&["two"])).contains("unreleased"));
        assert!(words(vec![(2, digest("one").as_bytes().to_vec())]).contains("unreleased"));
    }
}

//! What was wrong, each kind once.

use super::super::Defect;

/// The defects met so far, in their order.
#[derive(Default)]
pub struct Defects(pub Vec<Defect>);

impl Defects {
    /// Notes a defect, if it is not noted already.
    pub fn add(&mut self, defect: Defect) {
        if !self.0.contains(&defect) {
            self.0.push(defect);
        }
    }
}

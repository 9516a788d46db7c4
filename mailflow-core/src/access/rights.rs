//! [`Rights`]: what somebody may do with an object, as a set.

use std::fmt;
use std::ops::BitOr;

use serde::{Deserialize, Serialize};

/// What somebody may do with an object (guide chapter 7). A set, not a ladder: with [`LIST`](Self::LIST) alone on a
/// ticketbox tickets can be moved into it, and nothing in it can be seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "Vec<Right>", from = "Vec<Right>")]
pub struct Rights(u8);

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// To see that the object exists, and to put something into it.
    List,
    /// To see what is in it.
    Read,
    /// To change it, or what is in it.
    Edit,
    /// To delete it, or what is in it.
    Delete,
}

impl Right {
    /// All rights, the weakest first.
    pub const ALL: [Self; 4] = [Self::List, Self::Read, Self::Edit, Self::Delete];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::List => 1,
            Self::Read => 2,
            Self::Edit => 4,
            Self::Delete => 8,
        }
    }
}

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// To list.
    pub const LIST: Self = Self(1);
    /// To list and read.
    pub const READ: Self = Self(1 | 2);
    /// To list, read and edit.
    pub const EDIT: Self = Self(1 | 2 | 4);
    /// Everything; also *allow*, where there is only allow and deny.
    pub const FULL: Self = Self(1 | 2 | 4 | 8);

    /// Whether a right is in the set.
    pub const fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// The rights in it, the weakest first.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Rights {
    type Output = Self;

    /// What is in either: inside one list, grants add up (features 7.2).
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<Rights> for Vec<Right> {
    fn from(rights: Rights) -> Self {
        rights.iter().collect()
    }
}

impl From<Vec<Right>> for Rights {
    fn from(rights: Vec<Right>) -> Self {
        rights.into_iter().fold(Self::NONE, |all, right| Self(all.0 | right.bit()))
    }
}

impl fmt::Display for Rights {
    /// The preset's name where it is one: `none`, `list`, `read`, `edit`, `full`; else the words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => f.write_str("none"),
            Self::LIST => f.write_str("list"),
            Self::READ => f.write_str("read"),
            Self::EDIT => f.write_str("edit"),
            Self::FULL => f.write_str("full"),
            other => {
                let words: Vec<&str> = other.iter().map(Right::word).collect();
                f.write_str(&words.join("+"))
            }
        }
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_contain_the_weaker_ones_and_delete_alone_is_no_preset() {
        assert_eq!(Rights::LIST | Rights::READ, Rights::READ);
        assert_eq!(Rights::EDIT.and(Rights::READ), Rights::READ);
        assert_eq!(Rights::from(vec![Right::Delete, Right::List]).to_string(), "list+delete");
        assert_eq!(Rights::FULL.to_string(), "full");
    }

    #[test]
    fn rights_are_kept_as_words() {
        let json = serde_json::to_string(&Rights::READ).unwrap();
        assert_eq!(json, r#"["list","read"]"#);
        assert_eq!(serde_json::from_str::<Rights>(&json).unwrap(), Rights::READ);
    }
}

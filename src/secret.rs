//! The one place where a secret is held.
//!
//! A [`Secret`] has no `Display`, its `Debug` says nothing, and its memory is
//! wiped when it is dropped. Whoever needs the text says so with
//! [`Secret::reveal`], which makes every such place easy to find.

use std::fmt;

use zeroize::Zeroizing;

/// Text that must never reach a log, an error, a metric or a page.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for signing a request or checking a signature.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "[secret] Some([secret])"
        );
        assert_eq!(secret.reveal(), "hunter2");
    }
}

//! Where the text goes.

/// The end of a byte vector, written piece by piece.
///
/// What the vector held beyond that end is not cleared but written over, so
/// that memory which is used again costs nothing. [`Page::finish`] cuts it off.
#[derive(Debug)]
pub(super) struct Page<'a> {
    bytes: &'a mut Vec<u8>,
    length: usize,
}

impl<'a> Page<'a> {
    /// A page in place of what the vector holds.
    pub(super) fn over(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, length: 0 }
    }

    /// A page behind what the vector holds.
    pub(super) fn behind(bytes: &'a mut Vec<u8>) -> Self {
        let length = bytes.len();
        Self { bytes, length }
    }

    /// How much is written, what stood before the page included.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Appends a piece.
    pub(super) fn append(&mut self, piece: &[u8]) {
        if let Some(to) = self.room(piece.len()).get_mut(..piece.len()) {
            to.copy_from_slice(piece);
        }
        self.length += piece.len();
    }

    /// The bytes behind the end, at least so many, for [`Page::advance`].
    pub(super) fn room(&mut self, least: usize) -> &mut [u8] {
        let needed = self.length + least;
        if self.bytes.len() < needed {
            self.bytes.resize(needed + GROWTH_BYTES, 0);
        }
        self.bytes.get_mut(self.length..).unwrap_or_default()
    }

    /// Counts so many bytes of the room as written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.length = self.bytes.len().min(self.length + bytes);
    }

    /// Takes back everything behind the first so many bytes.
    pub(super) fn take_back(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Cuts off what is not written.
    pub(super) fn finish(self) {
        self.bytes.truncate(self.length);
    }
}

/// The vector grows ahead in steps that fit into the cache: what is cleared
/// there is still near when it is written.
const GROWTH_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_replaces_or_follows_what_was_there() {
        let mut bytes = b"old text".to_vec();
        let mut page = Page::over(&mut bytes);
        page.append(b"new");
        page.append(b"");
        page.finish();
        assert_eq!(bytes, b"new");

        let mut page = Page::behind(&mut bytes);
        page.append(b"er and");
        let end = page.len();
        page.append(&[b'x'; 3 * GROWTH_BYTES]);
        page.take_back(end);
        page.room(5)[..5].copy_from_slice(b" more");
        page.advance(4);
        page.finish();
        assert_eq!(bytes, b"newer and mor");
    }
}

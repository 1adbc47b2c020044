//! What stands for users and addresses in what is kept outside of the process.

use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::pseudonym::Pseudonyms;

/// A user of one instance, by a digest of its name. With 96 bits no two of a
/// million users ever share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserKey(pub [u8; 12]);

/// The address of one session of one user. The same address gives another key
/// for another session, so that nobody sees who shared or kept one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressKey(pub [u8; 8]);

/// Makes the keys: digests by HMAC-SHA-256.
///
/// Names may be e-mail addresses, so none is kept. The key of the digests is a
/// random salt, which is kept beside them: so no table that was made before
/// helps, and the same user is not recognised in the file of another
/// installation; but whoever has the file can still try names out. Where users
/// have pseudonyms, their key, which is not in the file, goes in as well, and
/// trying names out is of no use.
#[derive(Clone)]
pub struct UserKeys {
    salt: Salt,
    pseudonyms: Option<Pseudonyms>,
    keyed: Hmac<Sha256>,
}

/// Random bytes, made once for each file.
pub type Salt = [u8; 16];

impl UserKeys {
    /// Keys that depend on the salt, and on the pseudonyms if there are any.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub fn new(salt: Salt, pseudonyms: Option<Pseudonyms>) -> Self {
        let keyed = Hmac::<Sha256>::new_from_slice(&salt).expect("a key of any length");
        Self {
            salt,
            pseudonyms,
            keyed,
        }
    }

    /// The salt.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// The key of a user.
    pub fn of(&self, name: &str) -> UserKey {
        let digest = self.keyed.clone().chain_update(USER);
        let digest = match &self.pseudonyms {
            None => digest.chain_update(name),
            Some(pseudonyms) => digest.chain_update(pseudonyms.of(name)),
        };
        UserKey(first(digest))
    }

    /// The key of the address from which a session of a user comes that started
    /// in this second.
    pub fn of_address(
        &self,
        user: UserKey,
        started_seconds: Option<u32>,
        address: IpAddr,
    ) -> AddressKey {
        let digest = self.keyed.clone().chain_update(ADDRESS);
        let started = started_seconds.unwrap_or(u32::MAX).to_be_bytes();
        let digest = digest.chain_update(user.0).chain_update(started);
        AddressKey(first(digest.chain_update(address.to_string())))
    }

    /// The same for equal keys, and for no others: tells whether keys that were
    /// kept can be compared with these.
    pub fn fingerprint(&self) -> UserKey {
        let digest = self.keyed.clone().chain_update(FINGERPRINT);
        let secret = self.pseudonyms.as_ref().map(|pseudonyms| pseudonyms.of(""));
        UserKey(first(digest.chain_update(secret.unwrap_or_default())))
    }
}

/// Two are equal if they give equal keys.
impl PartialEq for UserKeys {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for UserKeys {}

impl fmt::Debug for UserKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKeys([secret])")
    }
}

fn first<const N: usize>(digest: Hmac<Sha256>) -> [u8; N] {
    let digest = digest.finalize().into_bytes();
    let mut bytes = [0; N];
    for (byte, digit) in bytes.iter_mut().zip(digest) {
        *byte = digit;
    }
    bytes
}

/// What a digest is of, so that no two kinds are ever equal.
const USER: &[u8] = b"user\0";
const ADDRESS: &[u8] = b"address\0";
const FINGERPRINT: &[u8] = b"fingerprint\0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn keys_depend_on_the_salt_the_secret_and_what_they_stand_for() {
        let secret = |text| Some(Pseudonyms::new(&Secret::new(text)));
        let all = [
            UserKeys::new([1; 16], None),
            UserKeys::new([2; 16], None),
            UserKeys::new([1; 16], secret("0123456789abcdef")),
            UserKeys::new([1; 16], secret("0123456789abcdeg")),
        ];
        for (place, one) in all.iter().enumerate() {
            assert_eq!(one.of("alice"), one.clone().of("alice"));
            assert_ne!(one.of("alice"), one.of("bob"));
            for other in all.iter().skip(place + 1) {
                assert_ne!(one, other);
                assert_ne!(one.of("alice"), other.of("alice"));
            }
        }
        assert_eq!(format!("{:?}", all[2]), "UserKeys([secret])");
    }

    /// `printf 'user\0alice@example.com' | openssl dgst -sha256 -mac HMAC
    /// -macopt hexkey:01010101010101010101010101010101`, the first 24 digits. A
    /// file of an earlier version has to be understood.
    #[test]
    fn the_key_of_a_user_never_changes() {
        let key = UserKeys::new([1; 16], None).of("alice@example.com");
        let text: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "9bdbffe9bc3a911762c69ca5");
    }

    #[test]
    fn the_key_of_an_address_is_one_of_a_session() {
        let keys = UserKeys::new([1; 16], None);
        let (alice, bob) = (keys.of("alice"), keys.of("bob"));
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        let key = keys.of_address(alice, Some(100), address);
        assert_eq!(keys.of_address(alice, Some(100), address), key);
        for other in [
            keys.of_address(bob, Some(100), address),
            keys.of_address(alice, Some(101), address),
            keys.of_address(alice, None, address),
            keys.of_address(alice, Some(100), "10.0.0.2".parse().unwrap()),
        ] {
            assert_ne!(other, key);
        }
    }
}

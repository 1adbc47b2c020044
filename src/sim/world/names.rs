//! Names of people and instances, with the variety that is met in practice.

use crate::sim::seed::Seed;

/// A user name in one of the spellings that administrators choose: letters of
/// either case, digits and `_@.-`. Not unique.
pub(crate) fn user_name(seed: Seed) -> String {
    let family = seed.child(1).pick(FAMILIES).unwrap_or("zhang");
    let given = seed.child(2).pick(GIVEN).unwrap_or("wei");
    let initial: String = given.chars().take(1).collect();
    let number = seed.child(3).below(10_000);
    match seed.child(4).below(10) {
        0 => format!("{given}.{family}"),
        1 => format!("{family}_{given}"),
        2 => format!("{}-{}", capitalised(family), capitalised(given)),
        3 | 4 => format!("{given}.{family}@example.com"),
        5 => format!("{initial}{family}{number:04}"),
        6 => format!("{}.{}", family.to_uppercase(), initial.to_uppercase()),
        7 => format!("{given}{family}"),
        8 => format!("{}{}{number}", capitalised(given), capitalised(family)),
        _ => format!("{initial}.{family}-{number}@corp.example.cn"),
    }
}

/// The same name made different, for when the first choice is taken.
pub(crate) fn numbered(name: &str, number: usize) -> String {
    match name.split_once('@') {
        Some((local, domain)) => format!("{local}.{number}@{domain}"),
        None => format!("{name}.{number}"),
    }
}

/// The e-mail address that goes with a user name.
pub(crate) fn mail(name: &str) -> String {
    if name.contains('@') {
        return name.to_owned();
    }
    format!("{}@example.com", name.to_lowercase())
}

/// The id of an instance.
pub(crate) fn sag_id(seed: Seed) -> String {
    let letter = |n| {
        let index = usize::try_from(seed.child(n).below(36)).unwrap_or(0);
        ALPHABET.get(index).map_or('0', |&byte| char::from(byte))
    };
    let tail: String = (0..18).map(letter).collect();
    format!("sag-{tail}")
}

/// The name that people gave an instance.
pub(crate) fn instance_name(seed: Seed, index: usize) -> String {
    let purpose = seed.child(1).pick(PURPOSES).unwrap_or("office");
    match seed.child(2).below(4) {
        0 => format!("{purpose}-{index}"),
        1 => format!("{} VPN {index}", capitalised(purpose)),
        2 => format!("上海{index}号 {purpose}"),
        _ => format!("{purpose} \"{index}\""),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

const FAMILIES: &[&str] = &[
    "zhang", "wang", "li", "zhao", "chen", "liu", "yang", "huang", "wu", "zhou", "xu", "sun", "ma",
    "zhu", "hu", "guo", "he", "lin", "gao", "luo", "smith", "mueller", "garcia", "tanaka", "kim",
    "nguyen", "ivanov", "rossi", "silva", "khan",
];

const GIVEN: &[&str] = &[
    "wei", "fang", "na", "min", "jing", "qiang", "lei", "jun", "yang", "yong", "yan", "jie", "tao",
    "ming", "chao", "xia", "ping", "gang", "hui", "bo", "anna", "ben", "carla", "daiki", "elif",
    "fatima", "george", "hana", "ivan", "jonas", "kaito", "lena", "mario", "nina", "omar", "petra",
];

const PURPOSES: &[&str] = &[
    "office", "sales", "branch", "support", "factory", "partners",
];

//! The Dockerfile, read as far as its form goes here: instructions of one
//! stage, lists as JSON.

use std::fs;

use crate::project;

/// The instructions of the Dockerfile, by stages.
pub(crate) struct Dockerfile(Vec<Vec<Instruction>>);

/// An instruction: its name and what follows.
pub(crate) struct Instruction {
    pub(crate) name: String,
    pub(crate) rest: String,
}

/// A copy from an earlier stage.
#[derive(Debug, PartialEq)]
pub(crate) struct Copy {
    pub(crate) owner: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Dockerfile {
    pub(crate) fn read() -> Self {
        let path = project::path("deploy/docker/Dockerfile");
        Self::parse(&fs::read_to_string(path).unwrap())
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let mut stages: Vec<Vec<Instruction>> = Vec::new();
        for line in text.replace("\\\n", " ").lines() {
            let Some((name, rest)) = line.split_once(' ') else {
                continue;
            };
            if name == "FROM" {
                stages.push(Vec::new());
            }
            let (name, rest) = (name.to_owned(), rest.trim().to_owned());
            let stage = stages.last_mut().expect("FROM comes first");
            stage.push(Instruction { name, rest });
        }
        Self(stages)
    }

    /// What is built from, and the instructions of the first stage.
    pub(crate) fn build(&self) -> &[Instruction] {
        self.0.first().unwrap()
    }

    /// What becomes the image.
    pub(crate) fn last(&self) -> &[Instruction] {
        self.0.last().unwrap()
    }

    /// The one instruction of this name in the image.
    pub(crate) fn one(&self, name: &str) -> &str {
        let mut found = self.last().iter().filter(|found| found.name == name);
        let one = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "more than one {name}");
        &one.rest
    }

    /// The words of an instruction that is a list in JSON, perhaps behind
    /// flags or `CMD`.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let rest = self.one(name);
        let list = &rest.get(rest.find('[').expect("a list")..).unwrap();
        serde_json::from_str(list).unwrap()
    }

    /// What the image takes from the stage before, in order.
    pub(crate) fn copies(&self) -> Vec<Copy> {
        let copies = self.last().iter().filter(|found| found.name == "COPY");
        copies.map(|copy| Copy::parse(&copy.rest)).collect()
    }
}

impl Copy {
    fn parse(rest: &str) -> Self {
        let (flags, places): (Vec<&str>, Vec<&str>) = rest
            .split_whitespace()
            .partition(|word| word.starts_with("--"));
        let flag = |name: &str| {
            let mut values = flags.iter().filter_map(|flag| flag.strip_prefix(name));
            values.next().map(str::to_owned)
        };
        assert_eq!(flag("--from=").as_deref(), Some("build"), "{rest}");
        let [from, to] = places.as_slice() else {
            panic!("two places in {rest:?}")
        };
        Self {
            owner: flag("--chown="),
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        }
    }
}

#[test]
fn instructions_are_read() {
    let file = Dockerfile::parse(
        "# a comment\nFROM a AS build\nRUN b \\\n    && c\n\nFROM scratch\n\
         COPY --from=build --chown=1:2 /from/ /to/\nHEALTHCHECK --retries=3 \\\n CMD [\"x\", \"y\"]\n",
    );
    let build: Vec<&str> = file
        .build()
        .iter()
        .map(|found| found.rest.as_str())
        .collect();
    assert_eq!(build, ["a AS build", "b      && c"]);
    assert_eq!(file.one("FROM"), "scratch");
    assert_eq!(file.words("HEALTHCHECK"), ["x", "y"]);
    let copy = Copy {
        owner: Some("1:2".to_owned()),
        from: "/from/".to_owned(),
        to: "/to/".to_owned(),
    };
    assert_eq!(file.copies(), [copy]);
}

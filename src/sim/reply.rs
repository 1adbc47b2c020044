//! Replies as JSON, in every spelling in which the cloud is known to answer.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::sim::refusal::Refusal;

/// A value of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    Text(Cow<'static, str>),
    /// Documented as a number.
    Number(i64),
    /// A number that is documented as a string.
    NumericText(i64),
    /// Documented as 0 or 1.
    Flag(bool),
}

pub(crate) type Fields = Vec<(&'static str, Field)>;

/// What an operation answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) fields: Fields,
    pub(crate) list: Option<List>,
}

/// A list within a reply, documented as `outer: {inner: [item, …]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) outer: &'static str,
    pub(crate) inner: &'static str,
    pub(crate) items: Vec<Fields>,
}

/// How numbers are written. All of it was seen in answers of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberShape {
    /// Each as it is documented.
    #[default]
    Documented,
    /// All as JSON numbers.
    Numbers,
    /// All as JSON strings.
    Strings,
    /// Those that are 0 or 1 by nature as `false` and `true`.
    Bools,
}

/// How lists are wrapped. No shape loses an entry: one that cannot hold the
/// entries gives way to the documented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListShape {
    /// `Users: {User: [{…}, {…}]}`
    #[default]
    Documented,
    /// `Users: {User: {…}}`, for a single entry.
    Single,
    /// `Users: [{User: [{…}, {…}]}]`
    ArrayOfLists,
    /// `Users: [{User: {…}}, {User: {…}}]`
    ArrayOfWrapped,
    /// `Users: [{…}, {…}]`
    Bare,
    /// `Users: {}`, for no entry.
    EmptyObject,
    /// `Users: null`, for no entry.
    Null,
    /// No `Users` at all, for no entry.
    Absent,
}

/// How a reply is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    pub(crate) numbers: NumberShape,
    pub(crate) list: ListShape,
    pub(crate) hide_page_size: bool,
    pub(crate) total_as_text: bool,
    /// Added to TotalCount.
    pub(crate) total_off: i64,
}

impl Field {
    pub(crate) fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A count as a number.
    pub(crate) fn count(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A count as a numeric string.
    pub(crate) fn count_text(count: usize) -> Self {
        Self::NumericText(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn render(self, numbers: NumberShape) -> Value {
        match (self, numbers) {
            (Self::Text(text), _) => Value::String(text.into_owned()),
            (Self::Flag(flag), NumberShape::Bools) => Value::Bool(flag),
            (Self::Flag(flag), NumberShape::Strings) => Value::String(u8::from(flag).to_string()),
            (Self::Flag(flag), _) => Value::from(u8::from(flag)),
            (Self::Number(n), NumberShape::Strings)
            | (
                Self::NumericText(n),
                NumberShape::Documented | NumberShape::Strings | NumberShape::Bools,
            ) => Value::String(n.to_string()),
            (Self::Number(n) | Self::NumericText(n), _) => Value::from(n),
        }
    }
}

impl Reply {
    /// A reply without a list.
    pub(crate) fn of(fields: Fields) -> Self {
        Self { fields, list: None }
    }

    /// A reply with a list and nothing else.
    pub(crate) fn listing(outer: &'static str, inner: &'static str, items: Vec<Fields>) -> Self {
        let list = Some(List {
            outer,
            inner,
            items,
        });
        Self {
            fields: Vec::new(),
            list,
        }
    }

    /// The reply as JSON.
    pub(crate) fn render(self, shape: Shape, request_id: &str) -> Value {
        let mut object = Map::new();
        object.insert("RequestId".to_owned(), Value::from(request_id));
        for (name, field) in self.fields {
            if name == "PageSize" && shape.hide_page_size {
                continue;
            }
            object.insert(name.to_owned(), shape.field(name, field));
        }
        if let Some(list) = self.list {
            let outer = list.outer;
            if let Some(value) = list.render(shape) {
                object.insert(outer.to_owned(), value);
            }
        }
        Value::Object(object)
    }
}

impl Shape {
    fn field(self, name: &str, field: Field) -> Value {
        match field {
            Field::Number(n) if name == "TotalCount" => {
                let total = n.saturating_add(self.total_off).max(0);
                let numbers = if self.total_as_text {
                    NumberShape::Strings
                } else {
                    self.numbers
                };
                Field::Number(total).render(numbers)
            }
            field => field.render(self.numbers),
        }
    }
}

impl List {
    fn render(self, shape: Shape) -> Option<Value> {
        let inner = self.inner;
        let wrapped = |value: Value| Value::Object(Map::from_iter([(inner.to_owned(), value)]));
        let items: Vec<Value> = self
            .items
            .into_iter()
            .map(|item| object(item, shape.numbers))
            .collect();
        match (shape.list, items.as_slice()) {
            (ListShape::Absent, []) => None,
            (ListShape::Null, []) => Some(Value::Null),
            (ListShape::EmptyObject, []) => Some(Value::Object(Map::new())),
            (ListShape::Single, [only]) => Some(wrapped(only.clone())),
            (ListShape::Bare, _) => Some(Value::Array(items)),
            (ListShape::ArrayOfLists, _) => Some(Value::Array(vec![wrapped(Value::Array(items))])),
            (ListShape::ArrayOfWrapped, _) => {
                Some(Value::Array(items.into_iter().map(wrapped).collect()))
            }
            _ => Some(wrapped(Value::Array(items))),
        }
    }
}

/// An error as JSON.
pub(crate) fn render_refusal(refusal: &Refusal, request_id: &str, host: &str) -> Value {
    let recommend = format!(
        "https://api.aliyun.com/troubleshoot?q={}&product=Smartag&requestId={request_id}",
        refusal.code
    );
    let fields = [
        ("RequestId", request_id),
        ("HostId", host),
        ("Code", &refusal.code),
        ("Message", &refusal.message),
        ("Recommend", &recommend),
    ];
    let fields = fields.map(|(name, text)| (name.to_owned(), Value::from(text)));
    Value::Object(Map::from_iter(fields))
}

fn object(fields: Fields, numbers: NumberShape) -> Value {
    let fields = fields.into_iter();
    Value::Object(
        fields
            .map(|(name, field)| (name.to_owned(), field.render(numbers)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(count: i64) -> Reply {
        let item = |n| {
            vec![
                ("Name", Field::text("a")),
                ("On", Field::Flag(true)),
                ("Id", Field::NumericText(n)),
            ]
        };
        Reply {
            fields: vec![
                ("TotalCount", Field::Number(count)),
                ("PageSize", Field::Number(10)),
            ],
            ..Reply::listing("Users", "User", (0..count).map(item).collect())
        }
    }

    fn check(count: i64, shape: Shape, expected: &str) {
        let mut value = reply(count).render(shape, "r");
        let object = value.as_object_mut().unwrap();
        assert_eq!(object.remove("RequestId"), Some(Value::from("r")));
        assert_eq!(
            value,
            serde_json::from_str::<Value>(expected).unwrap(),
            "{shape:?}"
        );
    }

    #[test]
    fn lists_are_wrapped_in_every_way() {
        let list = |list| Shape {
            list,
            hide_page_size: true,
            ..Shape::default()
        };
        let zero = r#"{"Name":"a","On":1,"Id":"0"}"#;
        let one = r#"{"Name":"a","On":1,"Id":"1"}"#;
        for (count, shape, expected) in [
            (
                0,
                ListShape::Documented,
                r#""Users":{"User":[]}"#.to_owned(),
            ),
            (
                2,
                ListShape::Documented,
                format!(r#""Users":{{"User":[{zero},{one}]}}"#),
            ),
            (
                1,
                ListShape::Single,
                format!(r#""Users":{{"User":{zero}}}"#),
            ),
            (
                2,
                ListShape::Single,
                format!(r#""Users":{{"User":[{zero},{one}]}}"#),
            ),
            (
                2,
                ListShape::ArrayOfLists,
                format!(r#""Users":[{{"User":[{zero},{one}]}}]"#),
            ),
            (
                2,
                ListShape::ArrayOfWrapped,
                format!(r#""Users":[{{"User":{zero}}},{{"User":{one}}}]"#),
            ),
            (2, ListShape::Bare, format!(r#""Users":[{zero},{one}]"#)),
            (0, ListShape::Bare, r#""Users":[]"#.to_owned()),
            (0, ListShape::EmptyObject, r#""Users":{}"#.to_owned()),
            (0, ListShape::Null, r#""Users":null"#.to_owned()),
            (
                1,
                ListShape::Null,
                format!(r#""Users":{{"User":[{zero}]}}"#),
            ),
        ] {
            check(
                count,
                list(shape),
                &format!(r#"{{"TotalCount":{count},{expected}}}"#),
            );
        }
        check(0, list(ListShape::Absent), r#"{"TotalCount":0}"#);
    }

    #[test]
    fn numbers_are_written_in_every_way() {
        let numbers = |numbers| Shape {
            numbers,
            ..Shape::default()
        };
        for (shape, total, on, id) in [
            (numbers(NumberShape::Documented), "1", "1", "\"0\""),
            (numbers(NumberShape::Numbers), "1", "1", "0"),
            (numbers(NumberShape::Strings), "\"1\"", "\"1\"", "\"0\""),
            (numbers(NumberShape::Bools), "1", "true", "\"0\""),
            (
                Shape {
                    total_as_text: true,
                    ..Shape::default()
                },
                "\"1\"",
                "1",
                "\"0\"",
            ),
            (
                Shape {
                    total_off: 3,
                    ..Shape::default()
                },
                "4",
                "1",
                "\"0\"",
            ),
            (
                Shape {
                    total_off: -3,
                    ..Shape::default()
                },
                "0",
                "1",
                "\"0\"",
            ),
        ] {
            let ten = if shape.numbers == NumberShape::Strings {
                "\"10\""
            } else {
                "10"
            };
            let list = format!(r#"{{"User":[{{"Name":"a","On":{on},"Id":{id}}}]}}"#);
            check(
                1,
                shape,
                &format!(r#"{{"TotalCount":{total},"PageSize":{ten},"Users":{list}}}"#),
            );
        }
    }
}

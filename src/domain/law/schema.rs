//! The JSON Schema of the files of a pack, so that an editor can complete and check them while they are written.

use super::cases::CaseFile;
use super::overlay::OverlayText;
use super::pack::{DutyText, PackHead};
use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform},
};

/// A kind of file in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackFile {
    /// `pack.toml`
    Pack,
    /// One duty.
    Duty,
    /// `overlays/<name>.toml`
    Overlay,
    /// `cases.toml`
    Cases,
}

impl PackFile {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pack, Self::Duty, Self::Overlay, Self::Cases];

    /// The name: `pack`, `duty`, `overlay` or `cases`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Duty => "duty",
            Self::Overlay => "overlay",
            Self::Cases => "cases",
        }
    }

    /// Its schema as JSON text, ending with a new line.
    pub fn schema(self) -> String {
        let mut schema = match self {
            Self::Pack => of::<PackHead>(),
            Self::Duty => of::<DutyText>(),
            Self::Overlay => of::<OverlayText>(),
            Self::Cases => of::<CaseFile>(),
        };
        schema.insert("title".into(), format!("Watchbell: {}", self.name()).into());
        format!("{:#}\n", schema.as_value())
    }
}

/// Draft 7: what editors of TOML understand.
fn of<T: JsonSchema>() -> Schema {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>();
    RecursiveTransform(describe_the_only_key).transform(&mut schema);
    schema
}

/// An alternative such as `{ hours = … }` is described as a whole; editors look at its only key.
fn describe_the_only_key(schema: &mut Schema) {
    let Some(says) = schema.get("description").cloned() else { return };
    let Some(properties) = schema.get_mut("properties").and_then(|properties| properties.as_object_mut()) else { return };
    let mut values = properties.values_mut();
    let (Some(property), None) = (values.next().and_then(|property| property.as_object_mut()), values.next()) else { return };
    if property.contains_key("description") {
        return;
    }
    // Beside a reference nothing else counts in Draft 7.
    if let Some(reference) = property.remove("$ref") {
        property.insert("allOf".into(), serde_json::json!([{ "$ref": reference }]));
    }
    property.insert("description".into(), says);
}

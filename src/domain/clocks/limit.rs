//! How long, in the words of a law: the data a rule pack writes.
//!
//! In TOML a limit is a table with one key, the unit: `{ hours = { count = 72 } }`.

use crate::domain::instant::{Instant, NaiveTime, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A period counted from a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Limit {
    /// Elapsed hours; weekends, holidays and changes of the local clock count for nothing.
    Hours(HourLimit),
    /// Calendar days, ending with a civil day.
    Days(DayLimit),
    /// Days that are neither weekend nor holiday in a named calendar.
    BusinessDays(BusinessDayLimit),
    /// Calendar months, ending with the day of the same number.
    Months(MonthLimit),
    /// Days after 31 December of the civil year of the start.
    AfterYearEnd(YearEndLimit),
    /// A day and month of the civil year after that of the start.
    NextYearDate(AnnualDateLimit),
    /// A limit that is stretched until it holds a number of full working days.
    WorkingDayMinimum(WorkingDayMinimum),
    /// A fixed instant, whatever the start: one that an authority granted.
    At(FixedLimit),
    /// Without delay: the law gives no number, so there is no deadline.
    Prompt {},
    /// The earliest of several; those without a number are left out.
    EarlierOf(Vec<Limit>),
    /// The latest of several; those without a number are left out.
    LaterOf(Vec<Limit>),
}

/// Elapsed hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HourLimit {
    /// How many hours.
    pub count: u32,
    /// What happens to the begun hour of the start.
    #[serde(default)]
    pub rounding: Rounding,
    /// The zone the derivation is written in, and whose full hours count when rounding.
    #[serde(default)]
    pub zone: ZoneChoice,
}

/// Calendar days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DayLimit {
    /// How many days.
    pub count: u32,
    /// The zone whose civil days count.
    #[serde(default)]
    pub zone: ZoneChoice,
    /// Whether the day of the start is day one.
    #[serde(default)]
    pub first_day: FirstDay,
    /// Where an end on a closed day goes; needs `calendar`.
    #[serde(default)]
    pub roll: Roll,
    /// The calendar of closed days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// The period is stretched until it holds this many business days (Reg. 1182/71 Art. 3(5)); needs `calendar`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_business_days: Option<u32>,
    /// The local time at which the last day ends, such as `17:00`; 23:59:59 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<NaiveTime>,
}

/// Business days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BusinessDayLimit {
    /// How many business days.
    pub count: u32,
    /// The calendar of closed days.
    pub calendar: String,
    /// The zone whose civil days count.
    #[serde(default)]
    pub zone: ZoneChoice,
    /// Whether the day of the start, if open, is day one.
    #[serde(default)]
    pub first_day: FirstDay,
    /// The local time at which the last day ends; 23:59:59 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<NaiveTime>,
}

/// Calendar months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MonthLimit {
    /// How many months.
    pub count: u32,
    /// What happens when the last month has no such day. Without a default: a pack must say it.
    pub overflow: Overflow,
    /// The zone whose civil days count.
    #[serde(default)]
    pub zone: ZoneChoice,
    /// Where an end on a closed day goes; needs `calendar`.
    #[serde(default)]
    pub roll: Roll,
    /// The calendar of closed days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// The local time at which the last day ends; 23:59:59 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<NaiveTime>,
}

/// Days after the end of a civil year. The leap year that matters is the one the days fall in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct YearEndLimit {
    /// How many days after 31 December.
    pub days: u32,
    /// The zone whose civil year counts.
    #[serde(default)]
    pub zone: ZoneChoice,
    /// The local time at which the last day ends; 23:59:59 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<NaiveTime>,
}

/// A day of the next civil year, such as 1 March.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AnnualDateLimit {
    /// 1 to 12.
    pub month: u32,
    /// A day every such month has.
    pub day: u32,
    /// The zone whose civil year counts.
    #[serde(default)]
    pub zone: ZoneChoice,
    /// The local time at which the day ends; 23:59:59 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<NaiveTime>,
}

/// The contested reading of Reg. 1182/71 Art. 3(5) for hours: the period runs on until it holds
/// this many full working days after the day of the start, and ends with the last of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkingDayMinimum {
    /// The limit that may be stretched.
    pub limit: Box<Limit>,
    /// How many full working days.
    pub days: u32,
    /// The calendar of closed days.
    pub calendar: String,
    /// The zone whose civil days count.
    #[serde(default)]
    pub zone: ZoneChoice,
}

/// An instant that was granted or ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FixedLimit {
    /// RFC 3339 with an explicit offset.
    pub instant: Instant,
    /// The zone the derivation is written in.
    #[serde(default)]
    pub zone: ZoneChoice,
}

/// What happens to the begun hour of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Nothing: exact elapsed time.
    #[default]
    Elapsed,
    /// The hour of the start is not counted and the period ends with the expiry of its last hour
    /// (Reg. (EEC, Euratom) No 1182/71 Art. 3(1) and (2)(a)). A start on the full hour gains a whole hour.
    NextFullHour,
}

/// Whether the day of the start is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FirstDay {
    /// The day of the start is day zero.
    #[default]
    Excluded,
    /// The day of the start is day one.
    Included,
}

/// Where an end on a closed day goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Roll {
    /// Nowhere.
    #[default]
    None,
    /// To the next business day.
    NextBusinessDay,
    /// To the last business day on or before it: for an advisory date, such as the last day of post.
    PreviousBusinessDay,
}

/// What happens when the last month has no such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overflow {
    /// The period ends on the last day of the month: 31 January and a month is 28 February.
    LastDay,
    /// The period ends on the first day of the month after: 31 January and a month is 1 March.
    FollowingDay,
}

/// Whose civil days count. In TOML `"organisation"` or an IANA name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ZoneChoice {
    /// The zone of the organisation that owes the duty.
    #[default]
    Organisation,
    /// A zone the law fixes.
    Named(Zone),
}

impl ZoneChoice {
    /// The zone, given that of the organisation.
    pub fn resolve(self, organisation: Zone) -> Zone {
        match self {
            Self::Organisation => organisation,
            Self::Named(zone) => zone,
        }
    }
}

impl Serialize for ZoneChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Organisation => serializer.serialize_str("organisation"),
            Self::Named(zone) => zone.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ZoneChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        if name == "organisation" {
            return Ok(Self::Organisation);
        }
        Zone::named(&name).map(Self::Named).ok_or_else(|| {
            serde::de::Error::custom(format!("no time zone `{name}`; use `organisation` or an IANA name such as `Europe/Berlin`"))
        })
    }
}

impl JsonSchema for ZoneChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ZoneChoice".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let says = "Whose civil days count: `organisation`, or an IANA time zone that the law fixes.";
        schemars::json_schema!({ "type": "string", "default": "organisation", "description": says })
    }
}

impl Limit {
    /// Whether it ends with a civil day rather than at an instant.
    pub fn ends_with_a_day(&self) -> bool {
        match self {
            Self::Days(_) | Self::BusinessDays(_) | Self::Months(_) | Self::AfterYearEnd(_) | Self::NextYearDate(_) => true,
            Self::Hours(_) | Self::At(_) | Self::WorkingDayMinimum(_) | Self::Prompt {} => false,
            Self::EarlierOf(limits) | Self::LaterOf(limits) => limits.iter().all(Self::ends_with_a_day),
        }
    }

    /// The zone whose civil days count, given that of the organisation. Of several limits the first decides.
    pub fn zone(&self, organisation: Zone) -> Zone {
        match self {
            Self::Hours(limit) => limit.zone.resolve(organisation),
            Self::Days(limit) => limit.zone.resolve(organisation),
            Self::BusinessDays(limit) => limit.zone.resolve(organisation),
            Self::Months(limit) => limit.zone.resolve(organisation),
            Self::AfterYearEnd(limit) => limit.zone.resolve(organisation),
            Self::NextYearDate(limit) => limit.zone.resolve(organisation),
            Self::WorkingDayMinimum(limit) => limit.zone.resolve(organisation),
            Self::At(limit) => limit.zone.resolve(organisation),
            Self::Prompt {} => organisation,
            Self::EarlierOf(limits) | Self::LaterOf(limits) => {
                limits.first().map_or(organisation, |limit| limit.zone(organisation))
            }
        }
    }

    /// Whether the zone of the organisation can move the end.
    pub fn depends_on_zone(&self) -> bool {
        let is_of_organisation = match self {
            Self::Hours(HourLimit { rounding: Rounding::Elapsed, .. }) | Self::At(_) | Self::Prompt {} => return false,
            Self::EarlierOf(limits) | Self::LaterOf(limits) => return limits.iter().any(Self::depends_on_zone),
            Self::Hours(limit) => limit.zone,
            Self::Days(limit) => limit.zone,
            Self::BusinessDays(limit) => limit.zone,
            Self::Months(limit) => limit.zone,
            Self::AfterYearEnd(limit) => limit.zone,
            Self::NextYearDate(limit) => limit.zone,
            Self::WorkingDayMinimum(limit) => limit.zone,
        };
        is_of_organisation == ZoneChoice::Organisation
    }

    /// The local time at which the last day ends, where the limit sets one.
    pub fn cutoff(&self) -> Option<NaiveTime> {
        match self {
            Self::Days(limit) => limit.cutoff,
            Self::BusinessDays(limit) => limit.cutoff,
            Self::Months(limit) => limit.cutoff,
            Self::AfterYearEnd(limit) => limit.cutoff,
            Self::NextYearDate(limit) => limit.cutoff,
            Self::EarlierOf(limits) | Self::LaterOf(limits) => limits.iter().filter_map(Self::cutoff).min(),
            Self::Hours(_) | Self::At(_) | Self::WorkingDayMinimum(_) | Self::Prompt {} => None,
        }
    }
}

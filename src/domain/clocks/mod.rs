//! The arithmetic of legal periods: from a start and a [`Limit`] to a [`Deadline`] and its derivation.
//!
//! A limit says in the words of a law how long somebody has; [`deadline`] counts it out and writes
//! down every step so that a lawyer can check it by hand; [`with_pauses`] lays holds over the
//! result. Business days come from [`Calendars`], which are data. Nothing here knows a statute, a
//! duty or an incident, reads a file or a clock, and what is uncertain is resolved towards the
//! earlier date and recorded as an assumption.

mod calendar;
mod civil;
mod deadline;
mod derivation;
mod horizon;
mod limit;
mod lint;
mod pause;
mod toll;

pub use calendar::{Calendar, CalendarFault, Calendars, DayKind, Holiday, YearOfHolidays};
pub use deadline::{ClockFault, Context, Deadline, deadline, last_instant};
pub use derivation::{Derivation, Step};
pub use horizon::YearsLacking;
pub use limit::{
    AnnualDateLimit, BusinessDayLimit, DayLimit, FirstDay, FixedLimit, HourLimit, Limit, MonthLimit, Overflow, Roll, Rounding,
    WorkingDayMinimum, YearEndLimit, ZoneChoice,
};
pub use lint::LimitFault;
pub use pause::{Hold, Pause, with_pauses};

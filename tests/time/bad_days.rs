//! Days worth a name.

//! Alarms of CloudWatch.

pub mod alarm;

//! Numbers of the stack language: finite, totally ordered, and whole where they can be.

use std::cmp::Ordering;
use std::fmt;

/// A finite number. Whole numbers of 64 bits are exact; all others are IEEE doubles.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A finite number with a fraction, or beyond 64 bits.
    Float(f64),
}

impl Number {
    /// Returns the number, or nothing if it is infinite or not a number.
    ///
    /// A double without a fraction that fits 64 bits becomes [`Number::Int`], so that `2.0` equals `2`.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0; // 2^53, up to which doubles hold every whole number
        if !value.is_finite() {
            return None;
        }
        if value.fract() == 0.0 && value.abs() <= EXACT_MAX {
            return Some(Number::Int(value as i64));
        }
        Some(Number::Float(value))
    }

    /// Returns the number if it is whole.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Number::Int(value) => Some(*value),
            Number::Float(_) => None,
        }
    }

    /// Returns the nearest double.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        match self {
            Number::Int(value) => *value as f64,
            Number::Float(value) => *value,
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Number::Int(value)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => left.cmp(right),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => write!(f, "{value}"),
            Number::Float(value) => write!(f, "{value}"),
        }
    }
}

//! One suite for all stores: what the engine relies on, as functions that take any store.
//!
//! A store runs all of it with one line in its tests, [`crate::conformance_suite`]. The functions panic where a
//! promise is broken.

use std::sync::Arc;

use async_trait::async_trait;

use crate::contract::Store;

pub mod histories;
pub mod intents;
pub mod leases;
pub mod records;
pub mod relocations;
pub mod sample;
pub mod whole;

/// A store that several may use.
pub type SharedStore = Arc<dyn Store>;

/// A place that a store lives in.
#[async_trait]
pub trait OpenStore: Send + Sync {
    /// Opens the store of this place. The first call finds nothing there, later ones what was written; the suite
    /// drops a store before it opens the place again.
    async fn open(&self) -> SharedStore;
}

/// Makes one test of each promise; the argument is an expression that gives a fresh [`OpenStore`].
///
/// With `together`, makes one test of all promises, for places that take longer to make than to test: the argument
/// gives an `Option` of a server, none when this machine has none, whose method `place` gives a fresh [`OpenStore`].
#[macro_export]
macro_rules! conformance_suite {
    (together $server:expr) => {
        $crate::conformance_suite!(@list together $server);
    };
    ($place:expr) => {
        $crate::conformance_suite!(@list apart $place);
    };
    (@list $how:ident $place:expr) => {
        $crate::conformance_suite!(@$how $place;
            records: round_trip, removed_records_are_gone, commit_is_atomic, many_records,
                secret_in_clear_is_refused, sealed_secrets_survive, every_number_survives,
                what_could_not_be_read_again_is_refused;
            leases: lease_is_exclusive, lease_expires, lease_is_renewed, takeover_fences_the_old_holder,
                released_lease_is_free, nobody_writes_without_a_lease, epochs_grow_across_reopening;
            intents: open_intents_survive, intent_is_closed_once, intents_are_numbered_in_order,
                concurrent_writers_are_all_served;
            histories: history_is_chained, history_begins_where_asked, durations_are_learned;
            relocations: state_that_moved_away_is_not_written_again, copy_is_not_in_force_before_that_is_said,
                copy_that_is_not_in_force_makes_room, state_comes_back_to_where_it_was;
            whole: empty_store_has_no_state, state_begins_once, newer_format_is_refused,
                reopen_sees_everything, archive_restores_the_same_state;
        );
    };
    (@apart $place:expr; $($module:ident: $($test:ident),*;)*) => {
        mod conformance {
            use super::*;
            $($(
                #[tokio::test]
                async fn $test() {
                    $crate::conformance::$module::$test(&$place).await;
                }
            )*)*
        }
    };
    (@together $server:expr; $($module:ident: $($test:ident),*;)*) => {
        mod conformance {
            use super::*;

            #[tokio::test]
            async fn every_promise_is_kept() {
                let Some(server) = $server else { return };
                $($(
                    // Shown when the next one breaks.
                    println!(stringify!($test));
                    $crate::conformance::$module::$test(&server.place()).await;
                )*)*
            }
        }
    };
}

//! The rules that every store must pass, each by name.
//!
//! A backend says how its store is opened ([`Place`]) and takes over all rules with one line:
//!
//! ```
//! use std::sync::Arc;
//!
//! use mailflow_core::store::MemoryStore;
//! use mailflow_test::store::{InMemory, Place};
//!
//! fn place() -> Arc<dyn Place> {
//!     Arc::new(InMemory::new(MemoryStore::new()))
//! }
//!
//! mailflow_test::store_rules!(place());
//! # fn main() {}
//! ```
#![expect(clippy::expect_used, reason = "a rule is a test: what is not as it says ends it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::store::Store;

pub mod broken;
pub mod rules;
pub mod samples;

/// Where a store lives: it is opened there, dropped, and opened again.
#[async_trait]
pub trait Place: Send + Sync + 'static {
    /// Opens the store. At the first time it is empty; later it has what it had when the value before was dropped.
    async fn open(&self) -> Arc<dyn Store>;
}

/// The place of a store that lives in memory: opening it again gives the same store.
#[derive(Debug)]
pub struct InMemory<S>(Arc<S>);

impl<S: Store> InMemory<S> {
    /// The place of this store.
    pub fn new(store: S) -> Self {
        Self(Arc::new(store))
    }
}

#[async_trait]
impl<S: Store> Place for InMemory<S> {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }
}

/// A rule that is being checked.
pub type Check = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A rule: its name, and what checks it.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The name: a sentence that states the rule.
    pub name: &'static str,
    /// Checks the rule in an empty place; panics where a store does not keep it.
    pub check: fn(Arc<dyn Place>) -> Check,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Calls a macro with the names of all rules, each as `module::name`.
#[doc(hidden)]
#[macro_export]
macro_rules! with_store_rules {
    ([$($callback:tt)*] $(, $argument:expr)?) => {
        $($callback)*! {
            $($argument;)?
            commits::what_is_committed_is_loaded_with_its_version
            commits::an_insert_of_what_is_there_refuses_the_whole_changeset
            commits::a_stale_version_refuses_the_whole_changeset
            commits::all_stale_keys_are_named
            commits::what_is_relied_on_must_be_as_it_was_seen
            commits::versions_rise_and_are_never_used_twice
            commits::an_erased_record_leaves_a_tombstone_or_nothing_as_its_kind_says
            commits::unique_keys_are_unique_in_every_form
            commits::a_read_sees_one_moment
            races::of_two_writers_of_a_record_one_wins
            races::what_one_relies_on_another_cannot_change_unseen
            races::a_loser_does_not_spoil_the_others
            races::dropping_the_future_leaves_all_or_nothing
            numbers::tickets_are_numbered_without_gaps
            numbers::numbers_begin_where_the_changeset_says
            numbers::a_number_is_never_given_twice
            numbers::a_number_belongs_to_one_ticket
            numbers::racing_tickets_get_different_numbers
            texts::every_kind_of_record_comes_back_as_it_went_in
            texts::text_comes_back_as_it_went_in
            texts::a_long_text_comes_back_whole
            bodies::a_body_comes_back_as_it_was_kept
            bodies::a_record_cannot_name_a_body_that_was_not_kept
            bodies::an_erased_body_is_gone_and_may_still_be_named
            bodies::a_body_that_is_kept_again_is_there_again
            lists::pages_show_every_row_once_in_order
            lists::a_page_is_full_if_there_are_enough_rows
            lists::a_cursor_stays_valid_while_rows_come_and_go
            lists::what_is_no_cursor_begins_the_list_again
            lists::lists_of_tickets_have_what_the_query_matches
            lists::counts_are_the_lengths_of_lists_up_to_the_limit
            lists::mails_are_counted_by_the_rule_that_placed_them
            lists::every_list_has_its_order
            everything::every_kind_is_listed_as_a_whole_by_key
            everything::what_was_erased_is_listed_by_its_keys
            everything::what_never_was_can_be_erased_and_its_key_is_taken
            everything::the_last_number_is_told_also_when_its_ticket_is_gone
            everything::a_body_that_never_was_can_be_erased_and_named
            searches::a_search_finds_phrases_word_by_word
            searches::a_ticket_is_found_once_at_its_last_hit
            searches::a_search_shows_only_what_may_be_seen
            searches::a_frequent_word_is_found_where_it_is_rare
            searches::frequent_and_rare_words_are_found_together
            searches::a_ticket_that_moved_is_found_where_it_lies
            searches::what_was_changed_or_erased_is_found_as_it_is
            searches::whatever_people_type_is_a_question
            trail::an_audit_entry_is_never_changed_or_erased
            trail::the_audit_has_what_the_query_matches
            trail::alerts_are_listed_as_long_as_their_cause_may_be_seen
            turns::the_ticket_whose_turn_it_is_comes_first
            turns::a_turn_is_found_behind_one_that_is_gone
            turns::turns_are_counted_up_to_the_limit
            durability::what_was_acknowledged_is_there_after_opening_again
            durability::counters_go_on_after_opening_again
            durability::bodies_that_a_commit_named_are_there_after_opening_again
            model::the_store_answers_as_the_memory_store_does
        }
    };
}

macro_rules! list {
    ($($module:ident::$name:ident)*) => {
        /// All rules.
        pub const RULES: &[Rule] = &[$(Rule {
            name: stringify!($name),
            check: |place| Box::pin(rules::$module::$name(place)),
        }),*];
    };
}

with_store_rules!([list]);

/// Makes a test of every rule: `store_rules!(place())`, where the expression gives an `Arc<dyn Place>` that is empty.
#[macro_export]
macro_rules! store_rules {
    ($place:expr) => {
        $crate::with_store_rules!([$crate::store_rule_tests], $place);
    };
}

/// Runs the rule in a runtime of several threads, as a server has.
#[doc(hidden)]
pub fn run(rule: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let outcome = runtime.block_on(runtime.spawn(rule));
    if let Err(error) = outcome
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! store_rule_tests {
    ($place:expr; $($module:ident::$name:ident)*) => {$(
        #[test]
        fn $name() {
            $crate::store::run($crate::store::rules::$module::$name($place));
        }
    )*};
}

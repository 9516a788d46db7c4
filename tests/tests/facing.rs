//! Two desks with automatic replies face each other through a real Postfix and a real Dovecot (AC-20). Each desk says how
//! many mails it handed to Postfix (`deliver`'s report); that as many arrive, the mailboxes of Dovecot show after each turn.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use mailflow_core::allowance::{Allowance, Counted};
use mailflow_core::explanation::Done;
use mailflow_core::mail::Address;
use mailflow_core::message::{Author, Message};
use mailflow_core::response::StandardResponse;
use mailflow_core::settings::Settings;
use mailflow_core::source::Tls;
use mailflow_core::store::{Changeset, Entry, Key, StoreExt as _};
use mailflow_core::ticketbox::{AutoReply, Ticketbox};
use mailflow_tests::await_it::until;
use mailflow_tests::customer::Customer;
use mailflow_tests::office::{Office, SUPPORT};
use mailflow_tests::provider::{Account, Carriage, Provider};

const OTHER: Account = Account { user: "desk", address: "desk@other.example" };
/// Whoever writes first at the other desk.
const PERSON: Customer = Customer { name: "Bob", account: OTHER };
/// Far more than two desks may exchange.
const ROUNDS: usize = 40;

/// A desk that answers everything automatically.
async fn desk(provider: &Provider, account: Account, automatic_per_hour: u32) -> Office {
    let office = Office::open_at(provider, Tls::Implicit, account).await;
    let admin = office.flow.admin();
    let response = StandardResponse {
        id: admin.new_id(),
        name: "We have it".to_owned(),
        subject: String::new(),
        text: "Thank you, we have your mail.".to_owned(),
    };
    admin.save(&response).await.unwrap();
    let auto_reply = Some(AutoReply { response: response.id, after_minutes: 0, quote: false, close: false });
    // The text of the mail is no sign either.
    let ticketbox = Ticketbox { auto_reply, reference_line: false, ..office.support.clone() };
    admin.save(&ticketbox).await.unwrap();
    admin.save(&Settings { automatic_per_hour, ..Settings::default() }).await.unwrap();
    office
}

/// Takes in what is in the desk's mailbox and sends what that makes it send. Returns how many mails it sent.
async fn turn(office: &Office) -> usize {
    office.flow.collect(&office.source).await.unwrap();
    while !office.flow.route_some().await.unwrap().is_empty() {}
    usize::try_from(office.flow.deliver().await.unwrap().sent).unwrap()
}

/// Waits until so many mails are in a mailbox: what was sent is delivered.
async fn delivered(provider: &Provider, account: Account, count: usize) {
    let what = format!("{count} mails for {}", account.address);
    until(&what, || async { (provider.mails(account.user).len() == count).then_some(()) }).await;
}

/// `letters` mails come from the other desk's address; then both desks take turns until neither sends anything more.
/// Returns how many automatic mails went in each direction.
async fn exchange(
    provider: &Provider,
    (ours, theirs): (&Office, &Office),
    letters: usize,
    between: impl AsyncFn(&Office),
) -> BTreeMap<(&'static str, &'static str), usize> {
    for letter in 0..letters {
        let (subject, id) = (format!("Letter {letter}"), format!("{letter}@other.example"));
        PERSON.writes(provider, SUPPORT.address, &subject, &id, "Good morning.").await;
    }
    delivered(provider, SUPPORT, letters).await;
    let mut counts = BTreeMap::new();
    let mut sent = letters;
    for round in 0..ROUNDS {
        let (office, from, to) = if round % 2 == 0 { (ours, SUPPORT, OTHER) } else { (theirs, OTHER, SUPPORT) };
        between(office).await;
        sent = turn(office).await;
        *counts.entry((from.address, to.address)).or_default() += sent;
        if sent == 0 {
            break;
        }
        delivered(provider, to, sent).await;
    }
    assert_eq!(sent, 0, "they have not stopped after {ROUNDS} turns: {counts:?}");
    for account in [SUPPORT, OTHER] {
        assert!(provider.mails(account.user).is_empty(), "nothing is on its way any more");
    }
    counts.retain(|_, count| *count > 0);
    counts
}

/// Why the desk did not answer, each reason once.
async fn refusals(office: &Office) -> Vec<String> {
    let mut reasons = Vec::new();
    for ticket in office.tickets().await {
        let conversation = office.conversation(ticket.number).await;
        let came = conversation.messages().filter_map(|message| message.explanation.clone());
        for done in came.flat_map(|explanation| explanation.done) {
            if let Done::NotSent { because, .. } = done {
                reasons.push(because);
            }
        }
    }
    reasons.sort();
    reasons.dedup();
    reasons
}

fn written_by_nobody(message: &&Message) -> bool {
    message.author == Author::System
}

#[tokio::test]
async fn ac_20_two_desks_through_postfix_exchange_one_answer() {
    let Some(provider) = Provider::start(&[SUPPORT, OTHER]).await else { return };
    let (ours, theirs) = (desk(&provider, SUPPORT, 500).await, desk(&provider, OTHER, 500).await);
    let counts = exchange(&provider, (&ours, &theirs), 3, async |_| ()).await;
    assert_eq!(counts, BTreeMap::from([((SUPPORT.address, OTHER.address), 1)]), "one answer, and none to the answer");
    // The other desk has it, as what it is, and says why it was silent.
    let conversation = theirs.conversation(1).await;
    let got = conversation.messages().next().unwrap();
    assert!(got.automatic.as_ref().is_some_and(|it| it.machine), "{:?}", got.automatic);
    assert!(conversation.messages().find(written_by_nobody).is_none());
    let explanation = got.explanation.as_ref().unwrap();
    assert!(explanation.no_automatic_answer.is_some(), "{explanation:?}");
    assert_eq!(refusals(&ours).await, [format!("{} was answered automatically today", OTHER.address)]);
}

#[tokio::test]
async fn ac_20_two_desks_whose_marks_are_stripped_between_them_still_exchange_one_answer_each() {
    let Some(provider) = Provider::start_with(&[SUPPORT, OTHER], Carriage::Stripping).await else { return };
    let (ours, theirs) = (desk(&provider, SUPPORT, 500).await, desk(&provider, OTHER, 500).await);
    let counts = exchange(&provider, (&ours, &theirs), 3, async |_| ()).await;
    let both = BTreeMap::from([((SUPPORT.address, OTHER.address), 1), ((OTHER.address, SUPPORT.address), 1)]);
    assert_eq!(counts, both, "the counter holds where every mark is gone");
    // The marks are gone indeed: nothing tells the other desk that a machine wrote, or what it answers.
    let conversation = theirs.conversation(1).await;
    let got = conversation.messages().next().unwrap();
    let explanation = got.explanation.as_ref().unwrap();
    assert_eq!((&got.automatic, &explanation.no_automatic_answer, &explanation.evidence), (&None, &None, &None));
    assert_eq!(refusals(&ours).await, [format!("{} was answered automatically today", OTHER.address)]);
}

#[tokio::test]
async fn ac_20_control_without_marks_and_counter_they_go_on_until_the_brake_of_the_desk() {
    let Some(provider) = Provider::start_with(&[SUPPORT, OTHER], Carriage::Stripping).await else { return };
    let (ours, theirs) = (desk(&provider, SUPPORT, 5).await, desk(&provider, OTHER, 5).await);
    let counts = exchange(&provider, (&ours, &theirs), 1, async |office| forget_answers(office).await).await;
    let both = BTreeMap::from([((SUPPORT.address, OTHER.address), 5), ((OTHER.address, SUPPORT.address), 5)]);
    assert_eq!(counts, both, "as many as the brake allows: the count sees an exchange that does not stop");
    assert_eq!(refusals(&ours).await, ["the desk has sent 5 automatic mails within an hour"]);
    assert!(ours.desk().health().await.unwrap().automatic.stopped_until.is_some());
}

/// The planted fault: the desk forgets whom it has answered today.
async fn forget_answers(office: &Office) {
    for address in [SUPPORT.address, OTHER.address].map(|it| Address::new(it).unwrap()) {
        let key = Key::Allowance(Counted::Answers(office.support.id, &address).key());
        if let Some(known) = office.flow.store().get::<Allowance>(key.clone()).await.unwrap() {
            let entries = vec![Entry::Erase(key, known.version)];
            office.flow.store().commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
        }
    }
}

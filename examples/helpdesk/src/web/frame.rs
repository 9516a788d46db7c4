//! [`Frame`]: what stands around every page: the menu, the health strip, who is signed in.

use std::collections::BTreeSet;

use mailflow_core::access::{Right, Securable};
use mailflow_core::agent::Times;
use mailflow_core::flow::{Filter, Health};
use mailflow_core::id::TicketboxId;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::store::{Count, OwnerFilter, Page};
use mailflow_core::ticket::TicketState;

use super::{Base, Signed, Trouble, asset, readable};

/// How far the tickets of the agent are counted that he has not seen.
const COUNTED: u32 = 100;

/// The administrators' part of the menu: path without the base, and name.
pub const ADMINISTRATION: &[(&str, &str)] = super::admin::MENU;

/// What stands around a page.
#[derive(Debug)]
pub struct Frame {
    /// What all links begin with.
    pub base: Base,
    /// The page's name; begins with the thing, not with the product.
    pub title: String,
    /// The desk's name.
    pub desk: String,
    /// The agent's name.
    pub agent: String,
    /// Whether times are shown in UTC, whatever the time zone of the device is.
    pub utc: bool,
    /// Whether the pages of administrators are in the menu.
    pub administrator: bool,
    /// Whether the agent is given the oldest ticket, so that he has no lists to choose from but his own.
    pub given: bool,
    /// The ticketboxes.
    pub boxes: Vec<MenuBox>,
    /// How many messages wait for the agent's approval, as it is shown; empty if he has none to look at.
    pub approvals: String,
    /// How many mails of the agent wait to be sent, as it is shown; empty for none.
    pub held: String,
    /// How many alerts the agent has, as it is shown; empty for none.
    pub alerts: String,
    /// Whether one of them waits for him: its customer wrote meanwhile.
    pub paused: bool,
    /// What else the agent's rights open to him: path without the base, and name.
    pub people: Vec<(&'static str, &'static str)>,
    /// How many tickets of the agent have something new, as it is shown; empty for none.
    pub unread: String,
    /// Which part of the menu the page belongs to: a path without the base.
    pub here: String,
    /// What needs an administrator's attention.
    pub alarms: Vec<Alarm>,
    /// What is in the search box.
    pub words: String,
    /// Style and scripts.
    pub assets: &'static asset::Links,
}

/// A ticketbox in the menu.
#[derive(Debug)]
pub struct MenuBox {
    /// Its path without the base.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its open tickets, as they are shown.
    pub count: String,
}

/// Something that needs an administrator's attention.
#[derive(Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What is wrong.
    pub words: String,
    /// Where to look, without the base.
    pub path: String,
}

impl Frame {
    /// The frame of a page. `here` is the path of its entry in the menu.
    ///
    /// # Errors
    /// [`Trouble`] if the store fails.
    pub async fn of(signed: &Signed, here: &str, title: &str) -> Result<Self, Trouble> {
        let directory = signed.desk.directory();
        let (desk, unread) = (&signed.desk, unread(signed));
        let most = Page::first(COUNTED);
        let (counts, unread, to_approve, held, told) =
            tokio::try_join!(desk.open_counts(), unread, desk.to_approve(), desk.held(), desk.alerts(&most))?;
        let shown = |number: usize| if number == 0 { String::new() } else { number.to_string() };
        let mut boxes: Vec<MenuBox> = directory
            .ticketboxes
            .values()
            .filter(|it| signed.desk.may(Securable::Ticketboxes, Some(it.id.into()), Right::Read))
            .filter_map(|it| counts.get(&it.id).map(|count| menu_box(it.id, &it.name, *count)))
            .collect();
        boxes.sort_by_key(|it| it.name.to_lowercase());
        let alarms = match signed.agent.administrator {
            true => alarms(signed, &signed.desk.health().await?),
            false => Vec::new(),
        };
        Ok(Self {
            base: signed.base.clone(),
            title: title.to_owned(),
            desk: directory.settings.name.clone(),
            agent: signed.agent.name.clone(),
            utc: signed.agent.preferences.times == Times::Utc,
            administrator: signed.agent.administrator,
            given: signed.agent.get_oldest,
            boxes,
            approvals: shown(to_approve.len()),
            held: shown(held.len()),
            alerts: match told.next {
                Some(_) => format!("{COUNTED}+"),
                None => shown(told.rows.len()),
            },
            paused: held.iter().any(|it| it.state == OutgoingState::Paused),
            people: people(signed),
            unread,
            here: here.to_owned(),
            alarms,
            words: String::new(),
            assets: asset::links(),
        })
    }

    /// Nothing but what links need: for fragments, whose frame is there already.
    pub fn bare(signed: &Signed) -> Self {
        Self {
            base: signed.base.clone(),
            title: String::new(),
            desk: String::new(),
            agent: signed.agent.name.clone(),
            utc: signed.agent.preferences.times == Times::Utc,
            administrator: signed.agent.administrator,
            given: signed.agent.get_oldest,
            boxes: Vec::new(),
            approvals: String::new(),
            held: String::new(),
            alerts: String::new(),
            paused: false,
            people: Vec::new(),
            unread: String::new(),
            here: String::new(),
            alarms: Vec::new(),
            words: String::new(),
            assets: asset::links(),
        }
    }

    /// Whether a path is the page's place in the menu.
    pub fn is_here(&self, path: impl AsRef<str>) -> bool {
        self.here == path.as_ref()
    }
}

/// What stands in the menu beside tickets, as far as the agent's rights go.
fn people(signed: &Signed) -> Vec<(&'static str, &'static str)> {
    let desk = &signed.desk;
    let mut entries = Vec::new();
    if desk.may(Securable::Contacts, None, Right::Read) {
        entries.push(("/contacts", "Contacts"));
    }
    if desk.may(Securable::Responses, None, Right::List) {
        entries.push(("/responses", "Standard responses"));
    }
    if !signed.agent.administrator && desk.reads_audit() {
        entries.push(("/audit", "Agent audit"));
    }
    // Administrators have the whole groups among their own pages.
    if !signed.agent.administrator && !desk.groups().is_empty() {
        entries.push(("/groups", "Groups"));
    }
    entries
}

fn menu_box(id: TicketboxId, name: &str, count: Count) -> MenuBox {
    let count = if count.number() == 0 { String::new() } else { thousands(count) };
    MenuBox { path: format!("/box/{id}"), name: name.to_owned(), count }
}

/// A count as people write it: `17`, `1,000+`.
pub fn thousands(count: Count) -> String {
    let digits = count.number().to_string();
    let more = if count.is_more() { "+" } else { "" };
    match digits.len().checked_sub(3).filter(|head| *head > 0).and_then(|head| digits.split_at_checked(head)) {
        Some((head, tail)) => format!("{head},{tail}{more}"),
        None => format!("{digits}{more}"),
    }
}

async fn unread(signed: &Signed) -> Result<String, mailflow_core::flow::Error> {
    let mine = Filter {
        owner: Some(OwnerFilter::Agent(signed.agent.id)),
        state: Some(TicketState::Open),
        ..Filter::default()
    };
    let tickets = signed.desk.tickets(&mine, &Page::first(COUNTED)).await?;
    let unread: BTreeSet<_> = signed.desk.unread(&tickets.rows).await?;
    Ok(match (unread.len(), tickets.next.is_some()) {
        (0, false) => String::new(),
        (number, false) => number.to_string(),
        (number, true) => format!("{number}+"),
    })
}

/// What the health of sources and destinations says, in words, the worst first.
fn alarms(signed: &Signed, health: &Health) -> Vec<Alarm> {
    let (directory, now) = (signed.desk.directory(), signed.desk.now());
    let since = |pulse: &mailflow_core::pulse::Pulse| match pulse.last_success {
        Some(at) => format!("last worked {} ago", super::ago::span(now.since(at).as_secs())),
        None => "never worked".to_owned(),
    };
    let mut alarms = Vec::new();
    if let Some(why) = &health.outdated {
        let words = format!("This server is too old: it takes no tasks and changes nothing ({})", readable(why));
        alarms.push(Alarm { words, path: "/admin/servers".to_owned() });
    }
    for source in directory.sources.values().filter(|it| it.enabled) {
        if let Some(pulse) = health.pulses.get(&source.id.into()).filter(|pulse| pulse.failures > 0) {
            let words = format!("No mail is collected from {}: {} ({})", source.name, pulse.trouble, since(pulse));
            alarms.push(Alarm { words, path: "/admin/sources".to_owned() });
        }
    }
    for destination in directory.destinations.values() {
        let path = || "/admin/destinations".to_owned();
        let pulse = health.pulses.get(&destination.id.into()).filter(|pulse| pulse.failures > 0);
        if let Some(pulse) = pulse.filter(|_| destination.enabled) {
            let words = format!("Nothing is sent through {}: {} ({})", destination.name, pulse.trouble, since(pulse));
            alarms.push(Alarm { words, path: path() });
        }
        if health.failed.get(&destination.id) == Some(&true) {
            let words = format!("Some answers could not be delivered through {}", destination.name);
            alarms.push(Alarm { words, path: path() });
        }
    }
    let automatic = health.automatic;
    // Who allows none wants none.
    if let Some(until) = automatic.stopped_until.filter(|_| automatic.most > 0) {
        let wait = super::ago::span(until.since(now).as_secs());
        let words = format!(
            "Automatic mail is stopped: {} were sent within an hour, and more are not allowed (goes on in {wait})",
            automatic.within_an_hour
        );
        alarms.push(Alarm { words, path: "/admin/settings".to_owned() });
    }
    if directory.destinations.is_empty() {
        let words = "Nothing can be sent: there is no destination yet".to_owned();
        alarms.push(Alarm { words, path: "/admin/destinations".to_owned() });
    }
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn automatic_mail_that_is_stopped_is_told_to_administrators_until_it_goes_on() {
        use mailflow_core::response::StandardResponse;
        use mailflow_core::settings::Settings;
        use mailflow_core::ticketbox::{AutoReply, Ticketbox};

        let web = crate::web::testing::Web::open().await;
        let admin = web.flow.admin();
        let (id, name) = (admin.new_id(), "We have it".to_owned());
        admin.save(&StandardResponse { id, name: name.clone(), subject: String::new(), text: name }).await.unwrap();
        let auto_reply = Some(AutoReply { response: id, after_minutes: 0, quote: false, close: false });
        admin.save(&Ticketbox { auto_reply, ..web.support.clone() }).await.unwrap();
        admin.save(&Settings { automatic_per_hour: 2, ..Settings::default() }).await.unwrap();
        let agent = web.add_agent("alan").await;
        let told = async |who: &crate::web::testing::Browser<'_>| {
            who.get("/tickets/open").await.body.contains("Automatic mail is stopped: 2 were sent within an hour")
        };
        for number in 1..4 {
            assert_eq!(told(&web.admin().await).await, number > 2, "before mail {number}");
            let (from, id) = (format!("p{number}@one.example"), format!("{number}@one.example"));
            web.receive(&format!("From: {from}\nTo: support@example.com\nMessage-ID: <{id}>\n\nwords\n")).await;
        }
        assert!(!told(&web.browser(agent).await).await, "an agent can do nothing about it");
        web.later(std::time::Duration::from_secs(60 * 60));
        assert!(!told(&web.admin().await).await);
    }

    #[test]
    fn counts_are_capped_and_readable() {
        assert_eq!(thousands(Count::new(7)), "7");
        assert_eq!(thousands(Count::new(1000)), "1,000");
        assert_eq!(thousands(Count::new(4_000_000)), "1,000+");
    }
}

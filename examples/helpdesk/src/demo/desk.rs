//! How the demo's desk is set up: a bicycle shop with three ticketboxes and three agents.

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::category::Category;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::flow::{Admin, Error, Mailflow};
use mailflow_core::id::{AgentId, CategoryId, DestinationId, SourceId, TicketboxId};
use mailflow_core::refusal::Refusal;
use mailflow_core::rule::{DefaultRule, Rule, RuleEffect, RuleSet, Syntax, TextField, TextPattern};
use mailflow_core::source::{MailServer, Source, SourceAccess, Tls};
use mailflow_core::ticket::Priority;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_test::servers::Mailboxes;
use mailflow_transport::seal::source_context;

use super::{DemoError, ticket_about};
use crate::setup::{Opened, SetupError};

/// The user name of the shop's mailbox.
pub const MAILBOX: &str = "fernwood";

/// Agents beside the administrator: user name, name, signature.
pub const AGENTS: [(&str, &str, &str); 3] = [
    ("anna", "Anna Kowalska", "Anna Kowalska\nFernwood Bikes, workshop"),
    ("ben", "Ben Achterberg", "Ben Achterberg\nFernwood Bikes, sales"),
    ("chloe", "Chloé Martin", "Chloé Martin\nFernwood Bikes, accounts"),
];

/// Sets the desk up, with a source and a destination on these ports. Returns the source.
pub async fn set_up(
    opened: &Opened,
    mailboxes: &Mailboxes,
    password: &str,
    (pop3, smtp): (u16, u16),
) -> Result<Source, DemoError> {
    let admin = opened.flow.admin();
    let key = opened.network.key();
    let mail_password = crate::auth::new_password();
    mailboxes.create(MAILBOX, &mail_password, "support@fernwood.example");

    let destination_id: DestinationId = admin.new_id();
    let access = DestinationAccess::Smtp { server: here(smtp), login: None };
    let destination = Destination::new(destination_id, "Demo SMTP server", access);
    admin.save(&Destination { default: true, retry_for_s: 600, ..destination }).await?;

    let source_id: SourceId = admin.new_id();
    let sealed = key.seal(&mail_password, &source_context(source_id)).map_err(SetupError::from)?;
    let access = SourceAccess::Pop3 { server: here(pop3), user: MAILBOX.to_owned(), password: sealed, apop: false };
    let source = Source::new(source_id, "Demo mailbox", access);
    let source = Source { check_interval_s: 10, destination: Some(destination_id), ..source };

    hire(&opened.flow, password).await?;
    furnish(&opened.flow.admin()).await?;
    admin.save(&source).await?;
    Ok(source)
}

fn here(port: u16) -> MailServer {
    MailServer { host: "127.0.0.1".to_owned(), port, tls: Tls::None, trusted_certificate: None }
}

/// Agents. All have the same password: what is hashed once need not be hashed four times.
async fn hire(flow: &Mailflow, password: &str) -> Result<(), DemoError> {
    let admin = flow.admin();
    let plain = password.to_owned();
    let hash = tokio::task::spawn_blocking(move || crate::auth::hash(&plain)).await;
    let hash = hash.map_err(std::io::Error::other)?.map_err(Error::from)?;
    let administrator = flow.directory().agents.get(&BUILT_IN_ADMINISTRATOR).cloned();
    let administrator = administrator.unwrap_or_else(Agent::built_in_administrator);
    admin.save(&Agent { password: Some(hash.clone()), ..administrator }).await?;
    for (user_name, name, signature) in AGENTS {
        let agent = Agent {
            id: admin.new_id(),
            user_name: user_name.to_owned(),
            name: name.to_owned(),
            password: Some(hash.clone()),
            administrator: false,
            built_in: false,
            signature: signature.to_owned(),
            ..Agent::built_in_administrator()
        };
        admin.save(&agent).await?;
    }
    Ok(())
}

/// Ticketboxes, categories and rules.
async fn furnish(admin: &Admin) -> Result<(), Error> {
    let support = ticketbox(admin, "Support", "support", "Orders, repairs, warranty").await?;
    ticketbox(admin, "Sales", "sales", "Offers, fleets, suppliers").await?;
    let billing = ticketbox(admin, "Billing", "billing", "Invoices, payments, refunds").await?;
    let safety = category(admin, "Safety").await?;
    let invoice = category(admin, "Invoice").await?;
    category(admin, "Return").await?;
    let newsletter = category(admin, "Newsletter").await?;

    let rule = |description: &str, text: TextPattern, then: RuleEffect| Rule {
        text: vec![text],
        then,
        ..Rule::new(admin.new_id(), description)
    };
    let urgent = RuleEffect {
        priority: Some(Priority::Urgent),
        category: Some(safety),
        owner: Some(BUILT_IN_ADMINISTRATOR),
        ..RuleEffect::default()
    };
    let to_billing = RuleEffect { ticketbox: Some(billing), category: Some(invoice), ..RuleEffect::default() };
    let unimportant =
        RuleEffect { priority: Some(Priority::Low), category: Some(newsletter), ..RuleEffect::default() };
    let rules = RuleSet {
        rules: vec![
            rule("Brakes are urgent", pattern(TextField::Subject, r"\bbrakes?\b|\bBremsen?\b"), urgent),
            rule("Invoices go to Billing", pattern(TextField::Subject, r"\binvoice\b|\bRechnung\b"), to_billing),
            rule("Newsletters can wait", pattern(TextField::Headers, r"(?m)^List-Unsubscribe:"), unimportant),
        ],
        default: DefaultRule { ticketbox: Some(support), ..DefaultRule::default() },
        ..RuleSet::default()
    };
    admin.save(&rules).await
}

fn pattern(within: TextField, pattern: &str) -> TextPattern {
    TextPattern { within: vec![within], pattern: pattern.to_owned(), syntax: Syntax::Expression }
}

async fn ticketbox(admin: &Admin, name: &str, local: &str, description: &str) -> Result<TicketboxId, Error> {
    let made = admin.ensure_ticketbox(name, &format!("{local}@fernwood.example")).await?;
    let id = made.id;
    let address_name = format!("Fernwood {name}");
    admin.save(&Ticketbox { description: description.to_owned(), address_name, ..made }).await?;
    Ok(id)
}

async fn category(admin: &Admin, name: &str) -> Result<CategoryId, Error> {
    let category = Category { id: admin.new_id(), name: name.to_owned() };
    admin.save(&category).await?;
    Ok(category.id)
}

/// Some work was done already, so that not everything looks untouched.
pub async fn begin_to_work(flow: &Mailflow) -> Result<(), Error> {
    let (anna, ben) = (agent(flow, "anna")?, agent(flow, "ben")?);
    if let Some(ticket) = ticket_about(flow, anna, "order 10452").await? {
        let desk = flow.desk(anna);
        desk.change(ticket.id, TicketWish::Assign(Some(anna))).await?;
        desk.note(ticket.id, "The parcel lies at the depot since Tuesday. I asked them to try again tomorrow.")
            .await?;
    }
    if let Some(ticket) = ticket_about(flow, ben, "free ticket").await? {
        flow.desk(ben).change(ticket.id, TicketWish::Close).await?;
    }
    // Whoever signs in first finds something to do.
    let administrator = flow.desk(BUILT_IN_ADMINISTRATOR);
    for words in ["pool bikes", "Crack in the frame"] {
        if let Some(ticket) = ticket_about(flow, BUILT_IN_ADMINISTRATOR, words).await? {
            administrator.change(ticket.id, TicketWish::Assign(Some(BUILT_IN_ADMINISTRATOR))).await?;
        }
    }
    Ok(())
}

fn agent(flow: &Mailflow, user_name: &str) -> Result<AgentId, Error> {
    let directory = flow.directory();
    let agent = directory.agent_named(user_name).ok_or_else(|| Refusal::no_such("agent", user_name))?;
    Ok(agent.id)
}

//! What makes each kind of document sound: how it fits the rest of the configuration.

use super::Configured;
use crate::access::{AccessList, Grantee, Rights, Scope, Securable};
use crate::agent::{Agent, Escalation, SignInWay};
use crate::category::Category;
use crate::destination::Destination;
use crate::directory::{Directory, Document, Documented};
use crate::group::{self, Group};
use crate::id::GroupId;
use crate::ldap::{Ldap, LdapFind};
use crate::oidc::Oidc;
use crate::refusal::Refusal;
use crate::response::StandardResponse;
use crate::rule::{ForwardFrom, RuleEffect, RuleSet};
use crate::settings::Settings;
use crate::source::{Source, SourceAccess};
use crate::text;
use crate::ticketbox::Ticketbox;

fn named(what: &'static str, name: &str, taken: bool) -> Result<(), Refusal> {
    match name.trim() {
        "" => Err(Refusal::invalid("name", format!("give the {what} a name"))),
        trimmed if trimmed.chars().count() > 200 => {
            Err(Refusal::invalid("name", "it is too long; at most 200 characters"))
        }
        trimmed if taken => Err(Refusal::NameTaken { what, name: trimmed.to_owned() }),
        _ => Ok(()),
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

impl Configured for Agent {
    const WORD: &'static str = "agent";

    fn called(&self) -> String {
        self.user_name.clone()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let taken = directory.agents.values().any(|it| it.id != self.id && same(&it.user_name, &self.user_name));
        named("agent", &self.user_name, taken)?;
        let built_in = directory.agents.get(&self.id).is_some_and(|it| it.built_in);
        if built_in && !(self.active && self.administrator && self.built_in) {
            return Err(Refusal::BuiltIn { what: "agent", name: self.name.clone() });
        }
        if self.built_in && self.sign_in != SignInWay::Password {
            let problem = "the built-in administrator signs in with a password of the desk, whatever else fails";
            return Err(Refusal::invalid("sign_in", problem));
        }
        escalation(self, directory)?;
        if let Some(id) = self.signature_of.filter(|id| !directory.groups.contains_key(id)) {
            return Err(Refusal::no_such("group", id));
        }
        if !(10..=200).contains(&self.preferences.rows) {
            return Err(Refusal::invalid("rows", "at least 10, at most 200"));
        }
        properties(self)
    }
}

fn escalation(agent: &Agent, directory: &Directory) -> Result<(), Refusal> {
    match agent.escalate_to {
        Some(Escalation::Agent(id)) if id == agent.id => {
            Err(Refusal::invalid("escalate_to", "nobody escalates to himself; choose somebody else"))
        }
        Some(Escalation::Agent(id)) if !directory.agents.contains_key(&id) => Err(Refusal::no_such("agent", id)),
        Some(Escalation::Group(id)) => match directory.groups.get(&id) {
            None => Err(Refusal::no_such("group", id)),
            Some(group) if !group.escalation && agent_before(agent, directory) != agent.escalate_to => {
                Err(Refusal::invalid("escalate_to", format!("`{}` is no escalation group", group.name)))
            }
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn agent_before(agent: &Agent, directory: &Directory) -> Option<Escalation> {
    directory.agents.get(&agent.id).and_then(|before| before.escalate_to)
}

fn properties(agent: &Agent) -> Result<(), Refusal> {
    if agent.properties.len() > Agent::PROPERTIES {
        return Err(Refusal::invalid("properties", format!("too many; at most {}", Agent::PROPERTIES)));
    }
    let wrong = |(name, value): &(&String, &String)| {
        name.trim().is_empty() || name.chars().count() > 100 || value.chars().count() > 1000
    };
    match agent.properties.iter().find(wrong) {
        Some((name, _)) => {
            let name = text::one_line(name, 40);
            let problem = format!("`{name}`: a name has 1 to 100 characters, a value at most 1,000");
            Err(Refusal::invalid("properties", problem))
        }
        None => Ok(()),
    }
}

impl Configured for Group {
    const WORD: &'static str = "group";

    fn called(&self) -> String {
        self.name.clone()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        if group::is_built_in(self.id) {
            return Err(Refusal::BuiltIn { what: "group", name: directory.group_name(self.id) });
        }
        let built_in = [group::EVERYONE, group::ADMINISTRATORS].map(|id| directory.group_name(id));
        let others = directory.groups.values().filter(|it| it.id != self.id).map(|it| &it.name);
        named("group", &self.name, others.chain(&built_in).any(|name| same(name, &self.name)))?;
        if self.signature.chars().count() > 10_000 {
            return Err(Refusal::invalid("signature", "it is too long; at most 10,000 characters"));
        }
        match self.members.iter().find(|id| !directory.agents.contains_key(id)) {
            Some(id) => Err(Refusal::no_such("agent", id)),
            None => Ok(()),
        }
    }
}

impl Configured for AccessList {
    const WORD: &'static str = "access list";

    fn called(&self) -> String {
        self.scope.class.words().to_owned()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let Scope { class, object } = self.scope;
        if object.is_some() && !class.has_custom_lists() {
            let problem = format!("{} have no lists of their own; change the default list", class.words());
            return Err(Refusal::invalid("object", problem));
        }
        let missing = object.filter(|id| match class {
            Securable::Agents => !directory.agents.contains_key(&(*id).into()),
            Securable::Ticketboxes => !directory.ticketboxes.contains_key(&(*id).into()),
            Securable::Categories => !directory.categories.contains_key(&(*id).into()),
            Securable::Groups => !directory.groups.contains_key(&(*id).into()),
            _ => false,
        });
        if let Some(id) = missing {
            return Err(Refusal::no_such("object", id));
        }
        for grant in &self.grants {
            grantee(directory, grant.to)?;
            if class.is_allow_or_deny() && ![Rights::NONE, Rights::FULL].contains(&grant.rights) {
                return Err(Refusal::invalid("rights", format!("{} are allowed or denied", class.words())));
            }
        }
        Ok(())
    }
}

fn grantee(directory: &Directory, to: Grantee) -> Result<(), Refusal> {
    let known_group = |id: GroupId| group::is_built_in(id) || directory.groups.contains_key(&id);
    match to {
        Grantee::Agent(id) if !directory.agents.contains_key(&id) => Err(Refusal::no_such("agent", id)),
        Grantee::Group(id) if !known_group(id) => Err(Refusal::no_such("group", id)),
        _ => Ok(()),
    }
}

impl Configured for Ticketbox {
    const WORD: &'static str = "ticketbox";

    fn called(&self) -> String {
        self.name.clone()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let others = || directory.ticketboxes.values().filter(|it| it.id != self.id);
        named("ticketbox", &self.name, others().any(|it| same(&it.name, &self.name)))?;
        for address in self.addresses() {
            if let Some(other) = others().find(|it| it.addresses().any(|known| known == address)) {
                let problem = format!("`{address}` belongs to ticketbox `{}` already", other.name);
                return Err(Refusal::invalid("address", problem));
            }
        }
        if let Some(id) = self.destination.filter(|id| !directory.destinations.contains_key(id)) {
            return Err(Refusal::no_such("destination", id));
        }
        match self.auto_reply.as_ref().filter(|it| !directory.responses.contains_key(&it.response)) {
            Some(it) => Err(Refusal::no_such("response", it.response)),
            None => Ok(()),
        }
    }
}

impl Configured for StandardResponse {
    const WORD: &'static str = "response";

    fn called(&self) -> String {
        self.name.clone()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let taken = directory.responses.values().any(|it| it.id != self.id && same(&it.name, &self.name));
        named("response", &self.name, taken)?;
        if self.text.trim().is_empty() {
            return Err(Refusal::invalid("text", "there is nothing to send; write something"));
        }
        if self.text.chars().count() > Self::TEXT || self.subject.chars().count() > 900 {
            return Err(Refusal::invalid("text", format!("it is too long; at most {} characters", Self::TEXT)));
        }
        Ok(())
    }
}

impl Configured for Category {
    const WORD: &'static str = "category";

    fn called(&self) -> String {
        self.name.clone()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let taken = directory.categories.values().any(|it| it.id != self.id && same(&it.name, &self.name));
        named("category", &self.name, taken)
    }
}

impl Configured for Source {
    const WORD: &'static str = "source";

    fn called(&self) -> String {
        self.name.clone()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let taken = directory.sources.values().any(|it| it.id != self.id && same(&it.name, &self.name));
        named("source", &self.name, taken)?;
        if directory.destinations.is_empty() && !matches!(self.access, SourceAccess::Embedded) {
            return Err(Refusal::NoDestination);
        }
        if let Some(id) = self.destination.filter(|id| !directory.destinations.contains_key(id)) {
            return Err(Refusal::no_such("destination", id));
        }
        if let Some(id) = self.ticketbox.filter(|id| !directory.ticketboxes.contains_key(id)) {
            return Err(Refusal::no_such("ticketbox", id));
        }
        if let SourceAccess::Pop3 { server, .. } = &self.access {
            reachable(&server.host, server.port)?;
        }
        between("check_interval_s", self.check_interval_s, 1, 7 * 24 * 60 * 60)?;
        between("timeout_s", self.timeout_s, 1, 3600)
    }
}

impl Configured for Destination {
    const WORD: &'static str = "destination";

    fn called(&self) -> String {
        self.name.clone()
    }

    /// There is one default: what was it is none any more.
    fn others(&self, directory: &Directory) -> Vec<Document> {
        let other = |it: &&Destination| self.default && it.default && it.id != self.id;
        let was = directory.destinations.values().filter(other).cloned();
        was.map(|was| Destination { default: false, ..was }.to_document()).collect()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        let taken = directory.destinations.values().any(|it| it.id != self.id && same(&it.name, &self.name));
        named("destination", &self.name, taken)?;
        if let crate::destination::DestinationAccess::Smtp { server, .. } = &self.access {
            reachable(&server.host, server.port)?;
        }
        between("delivery_interval_s", self.delivery_interval_s, 1, 24 * 60 * 60)?;
        between("timeout_s", self.timeout_s, 1, 3600)
    }
}

impl Configured for RuleSet {
    const WORD: &'static str = "rules";

    fn called(&self) -> String {
        "rules".to_owned()
    }

    fn check(&self, directory: &Directory) -> Result<(), Refusal> {
        directory.rules.compile_again(self).map_err(|error| Refusal::invalid("rules", error.to_string()))?;
        let default = &self.default;
        let default = RuleEffect {
            ticketbox: default.ticketbox,
            owner: default.owner,
            category: default.category,
            ..RuleEffect::default()
        };
        for rule in &self.rules {
            let in_rule = |refusal: Refusal| {
                Refusal::invalid("rules", format!("rule `{}`: {refusal}", text::one_line(&rule.description, 80)))
            };
            if let Some(id) = rule.sources.iter().find(|id| !directory.sources.contains_key(id)) {
                return Err(in_rule(Refusal::no_such("source", id)));
            }
            known(directory, &rule.then).map_err(in_rule)?;
        }
        known(directory, &default)
    }
}

impl Configured for Settings {
    const WORD: &'static str = "settings";

    fn called(&self) -> String {
        "settings".to_owned()
    }

    fn check(&self, _: &Directory) -> Result<(), Refusal> {
        if self.first_ticket_number == 0 || self.first_ticket_number > i64::MAX.unsigned_abs() / 2 {
            return Err(Refusal::invalid("first_ticket_number", "ticket numbers begin at 1"));
        }
        self.ldap.as_ref().map_or(Ok(()), directory_server)?;
        self.oidc.as_ref().map_or(Ok(()), provider)
    }
}

fn directory_server(ldap: &Ldap) -> Result<(), Refusal> {
    let protected = ldap.url.starts_with("ldaps://");
    let host = ldap.url.strip_prefix("ldaps://").or_else(|| ldap.url.strip_prefix("ldap://")).unwrap_or_default();
    if host.trim_matches('/').is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Refusal::invalid("ldap_url", "it begins with ldaps:// or ldap://, then the host"));
    }
    if protected && ldap.start_tls {
        return Err(Refusal::invalid("ldap_start_tls", "ldaps:// is protected already; leave StartTLS off"));
    }
    match &ldap.find {
        LdapFind::Template(template) if !template.contains("{user}") => {
            Err(Refusal::invalid("ldap_template", "{user} has to stand where the user name is"))
        }
        LdapFind::Search { filter, .. } if !filter.contains("{user}") => {
            Err(Refusal::invalid("ldap_filter", "{user} has to stand where the user name is"))
        }
        LdapFind::Search { account, .. } if account.trim().is_empty() => {
            Err(Refusal::invalid("ldap_account", "enter the entry that the desk signs in with to search"))
        }
        _ => Ok(()),
    }
}

fn provider(oidc: &Oidc) -> Result<(), Refusal> {
    let bad = |c: char| c.is_whitespace() || c.is_control();
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let on_this_machine = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    let protected = oidc.issuer.strip_prefix("https://").is_some_and(|rest| !rest.trim_matches('/').is_empty())
        || local.iter().any(|it| oidc.issuer.strip_prefix(it).is_some_and(on_this_machine));
    if !protected || oidc.issuer.contains(bad) || oidc.issuer.contains(['?', '#', '@']) {
        let problem =
            "it begins with https://, then the host, as the provider writes it; http:// only on this machine";
        return Err(Refusal::invalid("oidc_issuer", problem));
    }
    if oidc.client_id.trim().is_empty() || oidc.client_id.chars().count() > 500 {
        return Err(Refusal::invalid("oidc_client_id", "enter what the provider calls the desk"));
    }
    if oidc.claim.is_empty() || oidc.claim.contains(bad) {
        return Err(Refusal::invalid("oidc_claim", "name one claim, such as preferred_username or email"));
    }
    if oidc.scopes.contains(|c: char| c.is_control() || c == '"' || c == '\\') {
        return Err(Refusal::invalid("oidc_scopes", "words with spaces between them, such as profile email"));
    }
    match oidc.label.trim().chars().count() {
        1..=60 => Ok(()),
        _ => Err(Refusal::invalid("oidc_label", "1 to 60 characters, such as Sign in with Example")),
    }
}

fn known(directory: &Directory, then: &RuleEffect) -> Result<(), Refusal> {
    if let Some(id) = then.ticketbox.filter(|id| !directory.ticketboxes.contains_key(id)) {
        return Err(Refusal::no_such("ticketbox", id));
    }
    if let Some(id) = then.owner.filter(|id| !directory.agents.contains_key(id)) {
        return Err(Refusal::no_such("agent", id));
    }
    if let Some(id) = then.respond.filter(|id| !directory.responses.contains_key(id)) {
        return Err(Refusal::no_such("response", id));
    }
    if let Some(forward) = &then.forward {
        if forward.to.is_empty() {
            return Err(Refusal::invalid("forward", "enter an address to pass the mail on to"));
        }
        if let Some(address) = forward.to.iter().chain(&forward.cc).find(|it| directory.is_ours(it)) {
            return Err(Refusal::invalid(
                "forward",
                format!("`{address}` is an address of ours; choose a ticketbox"),
            ));
        }
        if let ForwardFrom::Agent(id) = forward.from
            && directory.agents.get(&id).is_none_or(|agent| agent.address.is_none())
        {
            return Err(Refusal::invalid("forward", "this agent has no address to send from"));
        }
    }
    match then.category.filter(|id| !directory.categories.contains_key(id)) {
        Some(id) => Err(Refusal::no_such("category", id)),
        None => Ok(()),
    }
}

fn reachable(host: &str, port: u16) -> Result<(), Refusal> {
    if host.trim().is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Refusal::invalid("host", "enter the name or IP address of the mail server"));
    }
    if port == 0 { Err(Refusal::invalid("port", "enter a port from 1 to 65535")) } else { Ok(()) }
}

fn between(field: &'static str, value: u32, least: u32, most: u32) -> Result<(), Refusal> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Refusal::invalid(field, format!("{value} seconds are out of range; at least {least}, at most {most}")))
    }
}

//! What each route for agents needs: the one thing that its declaration does not say. A route that is missing here fails
//! the tests.

use mailflow_core::access::{Right, Securable};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::World;
use crate::api;
use crate::web::testing::Web;
use crate::web::{Verb, Who, routes};

/// What somebody needs for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// To know a password.
    Password,
    /// To have signed in.
    SignedIn,
    /// To have signed in; it is about what is the agent's own, and there may be nothing.
    Own,
    /// To be an administrator.
    Administrator,
    /// A right on a ticket, by its number.
    Ticket(u64, Right),
    /// A right on a class as a whole.
    Class(Securable, Right),
    /// A right on an object that is only there for who may list it.
    Object(Securable, Uuid, Right),
    /// To be the owner of ticket 1, who wrote it.
    Author,
    /// To be the one whose approval is waited for.
    Approver,
    /// It is there for nobody.
    Nobody,
}

/// A request and what it needs.
#[derive(Debug, Clone)]
pub struct Case {
    pub method: &'static str,
    /// As it was declared.
    pub route: String,
    /// With something in each of its places.
    pub path: String,
    pub form: Vec<(&'static str, String)>,
    pub json: Option<Value>,
    pub need: Need,
}

/// All routes, each with something in each of its places, for tickets 1 and 3.
pub fn cases(world: &World, web: &Web) -> Vec<Case> {
    let mut cases = Vec::new();
    for route in routes(&web.flow).into_iter().filter(|it| it.path != "/live") {
        let method = match route.verb {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Delete => "DELETE",
        };
        match route.who {
            // A file of the pages that there is, and a sign-in with nothing in it, which nobody is let in by.
            Who::Anyone if route.path == "/sign-in" && method == "POST" => {
                cases.push(case(method, route.path, route.path.to_owned(), Need::Password));
            }
            Who::Anyone => cases.push(case(method, route.path, filled(route.path, "style.css"), Need::Nothing)),
            Who::Administrator => cases.push(case(method, route.path, filled(route.path, "1"), Need::Administrator)),
            Who::Agent => cases.extend(pages(world, web, method, route.path)),
        }
    }
    let document = serde_json::to_value(api::document()).unwrap();
    for (method, path) in api::routes() {
        let says = &document["paths"][path][method];
        let method: &'static str = match method {
            "get" => "GET",
            "post" => "POST",
            "put" => "PUT",
            _ => "DELETE",
        };
        let administration = says["responses"]["403"]["description"] == "The caller is no administrator";
        let mut of_route = match says["security"] == json!([{}]) {
            true => vec![case(method, path, path.to_owned(), Need::Nothing)],
            false if administration => vec![case(method, path, filled(path, "1"), Need::Administrator)],
            false => calls(world, web, method, path),
        };
        for case in &mut of_route {
            case.json = example(&document, says);
            if let Some(opening) = case.json.as_mut().and_then(|json| json.get_mut("opening")) {
                opening["ticketbox"] = web.support.id.to_string().into();
            }
            case.path = format!("/api/v1{}", case.path);
            case.route = format!("/api/v1{}", case.route);
        }
        cases.extend(of_route);
    }
    cases
}

fn case(method: &'static str, route: &str, path: String, need: Need) -> Case {
    Case { method, route: route.to_owned(), path, form: Vec::new(), json: None, need }
}

/// A path with the same in each of its places.
fn filled(path: &str, with: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { with.to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The documented example of a body.
fn example(document: &Value, says: &Value) -> Option<Value> {
    let content = &says["requestBody"]["content"]["application/json"];
    if content.is_null() {
        return None;
    }
    if !content["example"].is_null() {
        return Some(content["example"].clone());
    }
    let reference = content["schema"]["$ref"].as_str()?.strip_prefix('#')?;
    Some(document.pointer(reference)?["example"].clone())
}

/// The pages for agents.
fn pages(world: &World, web: &Web, method: &'static str, route: &str) -> Vec<Case> {
    use Right::{Delete, Edit, List, Read};
    let one = |path: String, need| vec![case(method, route, path, need)];
    let with = |form: &[(&'static str, &str)], mut cases: Vec<Case>| {
        for case in &mut cases {
            case.form = form.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        }
        cases
    };
    let tickets = |right: Right| -> Vec<Case> {
        let of = |number: u64| {
            let text = route.replace("{number}", &number.to_string()).replace("{kind}", "reply");
            case(method, route, text.replace("{outgoing}", &world.outgoing.to_string()), Need::Ticket(number, right))
        };
        [1, 3].map(of).to_vec()
    };
    let messages = |rest: &str| -> Vec<Case> {
        let of = |number: u64| {
            let path = route.replace("{at}", "0").replace("{name}", "photo.pdf");
            let message = world.messages[usize::try_from(number).unwrap() - 1].to_string();
            case(method, route, path.replace("{id}", &message), Need::Ticket(number, Right::Read))
        };
        if rest == "file" { [2, 3].map(of).to_vec() } else { [1, 3].map(of).to_vec() }
    };
    let approval = route.replace("{id}", &world.to_approve.to_string());
    let contact = route.replace("{id}", &world.contact.to_string());
    let group = route.replace("{id}", &world.group.to_string());
    let response = route.replace("{id}", &world.response.to_string());
    let of_group = |right| Need::Object(Securable::Groups, world.group.into(), right);
    let contacts = |right| Need::Class(Securable::Contacts, right);
    let responses = |right| Need::Class(Securable::Responses, right);
    match (method, route) {
        ("GET", "/" | "/drafts" | "/menu" | "/search" | "/groups") => one(route.to_owned(), Need::SignedIn),
        ("GET", "/approvals") => one(route.to_owned(), Need::SignedIn),
        ("POST", "/approvals/{id}/take-back") => one(approval, Need::Nobody),
        ("GET", "/approvals/{id}/file/{at}/{name}") => {
            one(approval.replace("{at}", "0").replace("{name}", "photo.pdf"), Need::Nobody)
        }
        (_, path) if path.starts_with("/approvals/{id}") => {
            let digest = mailflow_core::digest::Digest::of(b"x").to_string();
            with(&[("raw", &digest), ("note", "Say more.")], one(approval, Need::Approver))
        }
        ("GET", "/waiting" | "/tokens") => one(route.to_owned(), Need::SignedIn),
        ("POST", "/tokens" | "/tokens/end") => one(route.to_owned(), Need::Own),
        ("POST", "/waiting/{id}") => {
            with(&[("action", "now")], one(route.replace("{id}", &world.outgoing.to_string()), Need::Author))
        }
        ("GET", "/alerts") => one(route.to_owned(), Need::SignedIn),
        ("POST", "/alerts/clear") => one(route.to_owned(), Need::Own),
        ("GET", "/audit" | "/audit/audit.csv") => one(route.to_owned(), Need::Class(Securable::AgentAudit, Read)),
        ("GET", "/preferences" | "/security" | "/sessions") => one(route.to_owned(), Need::SignedIn),
        ("POST", "/preferences" | "/sign-out" | "/oldest") => one(route.to_owned(), Need::Own),
        ("POST", path) if path.starts_with("/security/") || path.starts_with("/sessions/") => {
            one(route.to_owned(), Need::Own)
        }
        ("POST", "/ticket/{number}/escalate") => tickets(Edit),
        ("GET", "/tickets/new") => one(route.to_owned(), Need::SignedIn),
        ("GET", "/tickets/new/{id}") => one(filled(route, &Uuid::from_u128(7).to_string()), Need::SignedIn),
        ("POST", "/tickets/new/{id}") => [web.support.id, web.sales.id]
            .iter()
            .flat_map(|id| {
                let path = filled(route, &Uuid::from_u128(7).to_string());
                let need = Need::Object(Securable::Ticketboxes, (*id).into(), Edit);
                let (id, to) = (id.to_string(), "ada@one.example");
                let form = [("action", "send"), ("ticketbox", &*id), ("to", to), ("subject", "x"), ("text", "y")];
                with(&form, one(path, need))
            })
            .collect(),
        ("GET", "/tickets/{list}") => one("/tickets/open".to_owned(), Need::SignedIn),
        ("POST", "/tickets/bulk") => {
            let of = |number: u64| {
                let form = vec![("action", "close".to_owned()), ("ticket", number.to_string())];
                Case { form, ..case(method, route, route.to_owned(), Need::Ticket(number, Edit)) }
            };
            [1, 3].map(of).to_vec()
        }
        ("GET", "/box/{ticketbox}") => [web.support.id, web.sales.id]
            .map(|id| {
                let need = Need::Object(Securable::Ticketboxes, id.into(), List);
                case(method, route, format!("/box/{id}"), need)
            })
            .to_vec(),
        ("GET", "/ticket/{number}") => tickets(Read),
        // It leads to the ticket's page, whether there is one or not.
        ("GET", "/ticket/{number}/composer/{kind}") => {
            tickets(Read).into_iter().map(|case| Case { need: Need::SignedIn, ..case }).collect()
        }
        ("POST", "/ticket/{number}/change") => with(&[("priority", "high")], tickets(Edit)),
        ("POST", "/ticket/{number}/composer") => with(&[("action", "note"), ("text", "x")], tickets(Edit)),
        ("POST", "/ticket/{number}/delivery/{outgoing}") => {
            with(&[("action", "retry")], one(tickets(Edit)[0].path.clone(), Need::Ticket(1, Edit)))
        }
        ("GET", "/ticket/{number}/upload/{body}") => one(
            route.replace("{number}", "1").replace("{body}", &mailflow_core::digest::Digest::of(b"x").to_string()),
            Need::Nobody,
        ),
        ("GET", "/message/{id}/inline/{at}") => one(messages("file")[1].path.clone(), Need::Nobody),
        ("GET", "/message/{id}/file/{at}/{name}") => messages("file"),
        ("GET", "/message/{id}/html") => messages("html"),
        ("GET", path) if path.starts_with("/message/{id}/") => messages(""),
        ("GET", "/contacts") => one(route.to_owned(), contacts(Read)),
        ("GET", "/contacts/new") => one(route.to_owned(), contacts(Edit)),
        ("POST", "/contacts/new") => with(&[("name", "Bob")], one(route.to_owned(), contacts(Edit))),
        ("GET", "/contact/{id}") => one(contact, contacts(Read)),
        ("POST", "/contact/{id}") => with(&[("name", "Bob")], one(contact, contacts(Edit))),
        ("GET", "/groups/{id}") => one(group, of_group(Read)),
        ("POST", "/groups/{id}") => one(group, of_group(Edit)),
        ("GET", "/responses") => one(route.to_owned(), responses(List)),
        ("GET" | "POST", "/responses/new") => {
            with(&[("name", "New"), ("text", "x")], one(route.to_owned(), responses(Edit)))
        }
        ("GET", "/responses/{id}") => one(response, responses(Read)),
        ("POST", "/responses/{id}") => with(&[("name", "New"), ("text", "x")], one(response, responses(Edit))),
        ("GET" | "POST", "/responses/{id}/delete") => one(response, responses(Delete)),
        _ => panic!("web/rights/table.rs has to say what {method} {route} needs"),
    }
}

/// The calls of the API for agents.
fn calls(world: &World, web: &Web, method: &'static str, route: &str) -> Vec<Case> {
    use Right::{Delete, Edit, List, Read};
    let one = |path: String, need| vec![case(method, route, path, need)];
    let tickets = |right: Right| -> Vec<Case> {
        let of = |number: u64| {
            case(method, route, route.replace("{number}", &number.to_string()), Need::Ticket(number, right))
        };
        [1, 3].map(of).to_vec()
    };
    let messages = |numbers: [u64; 2]| -> Vec<Case> {
        let of = |number: u64| {
            let message = world.messages[usize::try_from(number).unwrap() - 1].to_string();
            let path = route.replace("{id}", &message).replace("{place}", "0");
            case(method, route, path, Need::Ticket(number, Read))
        };
        numbers.map(of).to_vec()
    };
    let edits = |case: Case| match case.need {
        Need::Ticket(number, _) => Case { need: Need::Ticket(number, Edit), ..case },
        _ => case,
    };
    let objects = |class, ids: &[Uuid], right| -> Vec<Case> {
        let of =
            |id: &Uuid| case(method, route, route.replace("{id}", &id.to_string()), Need::Object(class, *id, right));
        ids.iter().map(of).collect()
    };
    let groups = |right| objects(Securable::Groups, &[world.group.into(), world.hidden_group.into()], right);
    let responses = |right| objects(Securable::Responses, &[world.response.into()], right);
    let contact = route.replace("{id}", &world.contact.to_string());
    let approval = route.replace("{id}", &world.to_approve.to_string());
    let outgoing = route.replace("{id}", &world.outgoing.to_string());
    match (method, route) {
        (_, path) if path == "/me" || path.starts_with("/me/") || path.starts_with("/sessions") => {
            one(filled(route, &Uuid::from_u128(7).to_string()), Need::Own)
        }
        ("GET", "/alerts") => one(route.to_owned(), Need::SignedIn),
        ("DELETE", "/alerts/{id}") => one(filled(route, &Uuid::from_u128(7).to_string()), Need::Own),
        ("GET", "/audit") => one(route.to_owned(), Need::Class(Securable::AgentAudit, Read)),
        ("POST", "/tickets/oldest") => one(route.to_owned(), Need::Own),
        ("POST", "/tickets/{number}/escalate") => tickets(Edit),
        ("GET" | "DELETE", "/session") | ("POST", "/files") => one(route.to_owned(), Need::SignedIn),
        (
            "GET",
            "/tickets" | "/drafts" | "/search" | "/ticketboxes" | "/categories" | "/responses" | "/colleagues"
            | "/groups" | "/approvals" | "/outgoing",
        ) => one(route.to_owned(), Need::SignedIn),
        ("GET", "/tickets/{number}") | ("POST", "/tickets/{number}/seen") => tickets(Read),
        ("POST", "/tickets/{number}/changes" | "/tickets/{number}/notes" | "/tickets/{number}/replies") => {
            tickets(Edit)
        }
        ("POST", "/tickets") => {
            one(route.to_owned(), Need::Object(Securable::Ticketboxes, web.support.id.into(), Edit))
        }
        ("GET" | "DELETE", "/drafts/{id}") => one(filled(route, &Uuid::from_u128(7).to_string()), Need::Own),
        ("PUT", "/drafts/{id}") => one(
            filled(route, &Uuid::from_u128(7).to_string()),
            Need::Object(Securable::Ticketboxes, web.support.id.into(), Edit),
        ),
        ("POST", "/messages/{id}/forward") => messages([2, 3]).into_iter().map(edits).collect(),
        ("GET", "/tickets/{number}/draft" | "/tickets/{number}/forward") => {
            one(route.replace("{number}", "1"), Need::Author)
        }
        ("PUT", "/tickets/{number}/draft" | "/tickets/{number}/forward") => tickets(Edit),
        ("DELETE", "/tickets/{number}/draft" | "/tickets/{number}/forward") => tickets(Read),
        ("GET", "/messages/{id}" | "/messages/{id}/raw") => messages([1, 3]),
        ("GET", "/messages/{id}/attachments/{place}") => messages([2, 3]),
        ("GET", "/contacts") => one(route.to_owned(), Need::Class(Securable::Contacts, Read)),
        ("POST", "/contacts") => one(route.to_owned(), Need::Class(Securable::Contacts, Edit)),
        ("GET", "/contacts/{id}") => one(contact, Need::Class(Securable::Contacts, Read)),
        ("PUT", "/contacts/{id}") => one(contact, Need::Class(Securable::Contacts, Edit)),
        ("GET", "/ticketboxes/{id}") => {
            objects(Securable::Ticketboxes, &[web.support.id.into(), web.sales.id.into()], List)
        }
        ("GET", "/categories/{id}") => {
            objects(Securable::Categories, &[world.category.into(), world.hidden_category.into()], List)
        }
        ("POST", "/responses") => one(route.to_owned(), Need::Class(Securable::Responses, Edit)),
        ("GET", "/responses/{id}") => responses(Read),
        ("PUT", "/responses/{id}") => responses(Edit),
        ("DELETE", "/responses/{id}") => responses(Delete),
        ("GET", "/groups/{id}") => groups(List),
        ("PUT", "/groups/{id}/signature") => groups(Edit),
        ("POST", "/outgoing/{id}/retry") | ("DELETE", "/outgoing/{id}") => one(outgoing, Need::Ticket(1, Edit)),
        ("POST", "/outgoing/{id}/recipient") => one(filled(route, &Uuid::from_u128(7).to_string()), Need::Nobody),
        ("POST", "/outgoing/{id}/undo" | "/outgoing/{id}/send") | ("PUT", "/outgoing/{id}/time") => {
            one(outgoing, Need::Author)
        }
        ("POST", "/approvals/{id}/take-back") => one(approval, Need::Nobody),
        (_, path) if path.starts_with("/approvals/") => one(approval, Need::Approver),
        _ => panic!("web/rights/table.rs has to say what {method} /api/v1{route} needs"),
    }
}

//! Every route by every role: what comes back follows from the declaration and from what the access lists say, and is
//! written down nowhere else.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, header};
use mailflow_core::access::{self, Right};
use mailflow_core::ticket::Ticket;

use super::table::{Case, Need, cases};
use super::world::{Role, World, browser};
use crate::api;
use crate::web::answer::encode;
use crate::web::routes;
use crate::web::testing::{Browser, Shown, Web};

/// What has to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Done,
    SignIn,
    NotAllowed,
    NoSuch,
}

fn verdict(world: &World, (web, tickets): (&Web, &[Ticket]), role: Role, need: Need) -> Verdict {
    if need == Need::Nothing {
        return Verdict::Done;
    }
    if role == Role::Stranger || need == Need::Password {
        return Verdict::SignIn;
    }
    let (directory, agent) = (web.flow.directory(), world.agent(role));
    let of = |rights: access::Rights, right: Right, hidden: Right| match rights {
        rights if !rights.has(hidden) => Verdict::NoSuch,
        rights if !rights.has(right) => Verdict::NotAllowed,
        _ => Verdict::Done,
    };
    match need {
        Need::Nothing | Need::Password | Need::SignedIn | Need::Own => Verdict::Done,
        Need::Administrator if directory.agents[&agent].administrator => Verdict::Done,
        Need::Administrator => Verdict::NotAllowed,
        Need::Ticket(number, right) => {
            let ticket = tickets.iter().find(|it| it.number == number).unwrap();
            of(access::ticket_rights(&directory, agent, ticket), right, Right::Read)
        }
        Need::Class(class, right) => match access::rights(&directory, agent, class, None).has(right) {
            true => Verdict::Done,
            false => Verdict::NotAllowed,
        },
        Need::Object(class, object, right) => {
            of(access::rights(&directory, agent, class, Some(object)), right, Right::List)
        }
        Need::Author if role == Role::Owner => Verdict::Done,
        Need::Approver if role == Role::Full => Verdict::Done,
        Need::Author | Need::Approver | Need::Nobody => Verdict::NoSuch,
    }
}

fn came(shown: &Shown) -> Verdict {
    match shown.status {
        401 => Verdict::SignIn,
        303 if shown.location().starts_with("/sign-in?next=") => Verdict::SignIn,
        403 => Verdict::NotAllowed,
        404 => Verdict::NoSuch,
        _ => Verdict::Done,
    }
}

pub async fn ask(browser: &Browser<'_>, case: &Case) -> Shown {
    let method = Method::from_bytes(case.method.as_bytes()).unwrap();
    let request = browser.request(method, &case.path).header("sec-fetch-site", "same-origin");
    let request = match &case.json {
        Some(json) => {
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(json.to_string())).unwrap()
        }
        None => {
            let pairs: Vec<String> =
                case.form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(pairs.join("&")))
                .unwrap()
        }
    };
    browser.send(request).await
}

#[tokio::test]
async fn every_route_answers_every_role_as_its_declaration_and_the_lists_say() {
    let world = World::make().await;
    let shared = world.copy().await;
    let cases = cases(&world, &shared);
    let declared: BTreeSet<(String, String)> = routes(&shared.flow)
        .iter()
        .map(|route| (format!("{:?}", route.verb).to_uppercase(), route.path.to_owned()))
        .filter(|(_, path)| path != "/live")
        .chain(api::routes().into_iter().map(|(method, path)| (method.to_uppercase(), format!("/api/v1{path}"))))
        .collect();
    let covered: BTreeSet<(String, String)> =
        cases.iter().map(|case| (case.method.to_owned(), case.route.clone())).collect();
    assert_eq!(covered, declared);

    let mut tickets = Vec::new();
    for number in 1..=4 {
        tickets.push(shared.desk().ticket(number).await.unwrap());
    }
    let (mut asked, mut wrong) = (0, Vec::new());
    let mut seen = BTreeSet::new();
    for role in Role::ALL {
        for case in &cases {
            let expected = verdict(&world, (&shared, &tickets), role, case.need);
            // What an administrator does is tested where it belongs; here it is only that nobody else may.
            if role == Role::Administrator && case.method != "GET" && case.need == Need::Administrator {
                continue;
            }
            // What is done may change the desk, and wrong passwords are counted: it is done in a copy of its own.
            let changes = case.method != "GET" && (expected == Verdict::Done || case.need == Need::Password);
            let alone = if changes { Some(world.copy().await) } else { None };
            let web = alone.as_ref().unwrap_or(&shared);
            let shown = ask(&browser(&world, web, role).await, case).await;
            let came = came(&shown);
            // What is asked for by an administrator, or is one's own, may not be there, which is not about rights.
            let may_be_missing = expected == Verdict::Done && matches!(case.need, Need::Administrator | Need::Own);
            let fits = came == expected || (may_be_missing && came == Verdict::NoSuch);
            if !fits || shown.status >= 500 {
                wrong.push(format!(
                    "{role:?} {} {}: {} instead of {expected:?}",
                    case.method, case.path, shown.status
                ));
            }
            seen.insert((role, format!("{expected:?}")));
            asked += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 1200, "{asked}");
    // Every role but strangers and administrators meets every kind of answer.
    for role in [Role::Nobody, Role::Owner, Role::Lister, Role::Reader, Role::Editor, Role::Full] {
        for kind in ["Done", "NotAllowed", "NoSuch"] {
            assert!(seen.contains(&(role, kind.to_owned())), "{role:?} never met {kind}");
        }
    }
}

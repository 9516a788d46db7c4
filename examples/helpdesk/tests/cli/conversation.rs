//! Which ticket an answer goes to: scripted with `ingest --each` and `ticket reply --eml`.

use serde_json::{Value, json};

use super::Office;
use super::mail::Mail;

const SUPPORT: &str = "support@mf.example";
const SALES: &str = "sales@mf.example";

/// An office with ticket 1 of Ann, and our answer to it.
fn answered() -> (Office, Value) {
    let mut office = Office::new(&[SUPPORT, SALES]);
    let first = office.take(ann("invoice"));
    assert_eq!((&first["outcome"], &first["ticket"]), (&json!("new"), &json!(1)));
    let answer = office.reply(1);
    (office, answer)
}

fn ann(subject: &str) -> Mail {
    Mail::new("Ann <ann@one.example>", SUPPORT, subject)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn token_address(answer: &Value) -> String {
    answer["reply_to"][0]["address"].as_str().unwrap().to_owned()
}

#[track_caller]
fn follows_up(line: &Value, because: &str) {
    assert_eq!(line["outcome"], "follow_up", "{line}");
    assert_eq!(line["ticket"], 1, "{line}");
    assert!(text(line, "because").contains(because), "{line}");
}

#[track_caller]
fn is_new(line: &Value) -> u64 {
    assert_eq!(line["outcome"], "new", "{line}");
    let ticket = line["ticket"].as_u64().unwrap();
    assert_ne!(ticket, 1);
    ticket
}

#[test]
fn an_answer_says_its_message_id_subject_with_tag_and_reply_to_and_prints_the_exact_mail() {
    let (_, answer) = answered();
    assert_eq!(answer["v"], 1);
    assert_eq!(answer["ticket"], 1);
    assert_eq!(answer["subject"], "Re: invoice [#1]");
    assert_eq!(answer["to"][0]["address"], "ann@one.example");
    assert!(token_address(&answer).starts_with("support+t."));
    let eml = text(&answer, "eml");
    for header in [
        format!("Message-ID: {}\r\n", text(&answer, "message_id")),
        "Subject: Re: invoice [#1]\r\n".to_owned(),
        format!("<{}>", token_address(&answer)),
        "In-Reply-To: <m".to_owned(),
    ] {
        assert!(eml.contains(&header), "{header} in {eml}");
    }
}

#[test]
fn ac_01_a_number_in_the_subject_ties_only_who_takes_part() {
    let (mut office, answer) = answered();
    let subject = format!("Re: {}", text(&answer, "subject"));
    let stranger = office.take(Mail::new("c@three.example", SUPPORT, &subject));
    let ticket = is_new(&stranger);
    assert!(text(&stranger, "because").contains("takes no part"), "{stranger}");
    let shown = office.show(ticket);
    assert_eq!(shown["links"][0]["kind"], "claims_to_belong_to");
    assert_eq!(shown["links"][0]["number"], 1);
    follows_up(&office.take(ann(&subject)), "the sender takes part");
}

#[test]
fn ac_02_the_same_subject_of_different_people_is_as_many_tickets() {
    for subject in ["help", "[PAGOS-MESI] help"] {
        let mut office = Office::new(&[SUPPORT]);
        let mails: Vec<Mail> =
            (0..5).map(|it| Mail::new(&format!("p{it}@d{it}.example"), SUPPORT, subject)).collect();
        let (lines, summary) = office.take_all(&mails);
        let tickets: Vec<u64> = lines.iter().map(|line| line["ticket"].as_u64().unwrap()).collect();
        assert_eq!(tickets, [1, 2, 3, 4, 5]);
        assert_eq!(summary["tickets"], 5);
    }
}

#[test]
fn ac_03_two_answers_to_a_mail_that_never_came_join_if_they_share_a_participant() {
    let mut office = Office::new(&[SUPPORT]);
    let first = Mail::new("b@x.example", "d@y.example", "topic").with("Cc", SUPPORT);
    let first = office.take(first.with("In-Reply-To", "<a@x.example>"));
    let second = Mail::new("c@z.example", "b@x.example", "Re: topic").with("Cc", SUPPORT);
    let second = office.take(second.with("References", "<a@x.example>"));
    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("new"), &json!("follow_up")));
    assert_eq!(first["ticket"], second["ticket"]);
    let stranger = Mail::new("e@elsewhere.example", SUPPORT, "topic").with("References", "<a@x.example>");
    assert_eq!(office.take(stranger)["outcome"], "new");
}

#[test]
fn ac_04_one_of_our_ids_anywhere_is_enough_and_the_line_names_which() {
    let (mut office, answer) = answered();
    let ours = text(&answer, "message_id");
    let erp = ann("x").with("In-Reply-To", "<1.tinycrm@erp.example>").with("References", ours);
    follows_up(&office.take(erp), "References");
    let apple = ann("x").with("In-Reply-To", ours).with("References", "<other@apple.example>");
    follows_up(&office.take(apple), "In-Reply-To");
    let many = format!("<first@one.example> {ours} <last@one.example>");
    follows_up(&office.take(ann("x").with("References", &many)), "References");
    let address = token_address(&answer);
    follows_up(&office.take(Mail::new("somebody@four.example", &address, "x")), "address in To");
    let quoted = text(&answer, "eml").split_once("\r\n\r\n").unwrap().1.replace("\r\n", "\n> ");
    follows_up(&office.take(ann("x").body(&format!("Yes.\n\n> {quoted}\n"))), "text");
}

#[test]
fn ac_05_a_token_that_is_not_ours_to_the_letter_ties_nothing() {
    let (mut office, answer) = answered();
    let address = token_address(&answer);
    let (local, domain) = address.split_once('@').unwrap();
    let token = local.split_once('+').unwrap().1;
    let other = |letter: char| if letter == 'a' { 'b' } else { 'a' };
    let mut flipped: Vec<char> = token.chars().collect();
    let last = flipped.len() - 1;
    flipped[last] = other(flipped[last]);
    let mut other_key: Vec<char> = token.chars().collect();
    other_key[2] = other(other_key[2]);
    let forged = [
        flipped.iter().collect::<String>(),
        other_key.iter().collect(),
        token[..token.len() - 2].to_owned(),
        token[..10].to_owned(),
        format!("{token}a"),
    ];
    for token in &forged {
        is_new(&office.take(Mail::new("eve@evil.example", &format!("support+{token}@{domain}"), "x")));
        let id = format!("<{token}.aaafmed5ltmf7s2t@mf.example>");
        is_new(&office.take(Mail::new("eve@evil.example", SUPPORT, "x").with("In-Reply-To", &id)));
        let body = format!("Reference: {token}\n");
        is_new(&office.take(Mail::new("eve@evil.example", SUPPORT, "x").body(&body)));
    }
    // The control: the true one.
    follows_up(&office.take(Mail::new("eve@five.example", &address, "x")), "token");
}

#[test]
fn ac_06_an_answer_forwarded_to_another_box_is_a_ticket_there_whatever_its_prefix() {
    let (mut office, answer) = answered();
    let ours = text(&answer, "message_id");
    for subject in ["Fwd: x", "WG: x", "x"] {
        let forwarded = Mail::new("ann@one.example", SALES, subject).with("References", ours);
        let ticket = is_new(&office.take(forwarded));
        let shown = office.show(ticket);
        assert_eq!(shown["ticketbox"], "sales");
        assert_eq!(shown["links"][0]["number"], 1, "{}", shown["links"]);
    }
}

#[test]
fn ac_07_another_subject_changes_nothing_and_is_kept_with_its_message() {
    let (mut office, answer) = answered();
    let ours = text(&answer, "message_id");
    follows_up(&office.take(ann("Something else entirely").with("In-Reply-To", ours)), "In-Reply-To");
    let shown = office.show(1);
    assert_eq!(shown["messages"].as_array().unwrap().last().unwrap()["subject"], "Something else entirely");
    assert_eq!(office.reply(1)["subject"], "Re: Something else entirely [#1]");
}

#[test]
fn ac_08_the_token_is_found_in_every_header_that_names_a_recipient() {
    let (mut office, answer) = answered();
    let address = token_address(&answer);
    for header in ["Cc", "Delivered-To", "X-Original-To", "Envelope-To", "Resent-To"] {
        let mail = Mail::new("somebody@four.example", "list@five.example", "x").with(header, &address);
        follows_up(&office.take(mail), "token");
    }
    // What matches nothing is still a ticket.
    is_new(&office.take(Mail::new("somebody@four.example", "list@five.example", "x")));
}

#[test]
fn an_answer_reopens_a_closed_ticket() {
    let (mut office, _) = answered();
    let closing = ["ticket", "reply", "--db", "desk.db", "1", "--text", "Done.", "--close", "--eml", "--json"];
    let answer = office.run(&closing).value();
    assert_eq!(office.show(1)["state"], "closed");
    follows_up(&office.take(ann("x").with("In-Reply-To", text(&answer, "message_id"))), "In-Reply-To");
    assert_eq!(office.show(1)["state"], "open");
}

#[test]
fn ac_23_what_would_become_of_an_answer_is_said_with_its_evidence_and_nothing_is_kept() {
    let (mut office, answer) = answered();
    let rules = "[[rule]]\ndescription = \"To nobody\"\nto = [\"nobody@mf.example\"]\n";
    office.write("rules.toml", rules);
    let ours = text(&answer, "message_id");
    office.write("answer.eml", ann("x").with("In-Reply-To", ours).bytes());
    let before = office.show(1);
    let explain = ["route", "--db", "desk.db", "--rules", "rules.toml", "--explain"];
    let told = office.run(&[&explain[..], &["--json", "answer.eml"]].concat()).value();
    assert_eq!((&told["outcome"], &told["ticket"]), (&json!("follow_up"), &json!(1)), "{told}");
    assert!(told["because"].as_str().unwrap().starts_with("In-Reply-To carries our token"), "{told}");
    assert_eq!(told["explanation"]["evidence"], "token_in_reply_to");
    assert_eq!(told["tried"], json!([{ "rule": 1, "description": "To nobody", "failed": "to" }]));
    let words = office.run(&[&explain[..], &["answer.eml"]].concat()).stdout;
    assert!(words.contains("rule 1 `To nobody`: it was sent to another address"), "{words}");
    assert!(words.contains("#1 in support (normal), because In-Reply-To carries our token"), "{words}");
    assert_eq!(office.show(1), before, "nothing is kept of it");
    follows_up(&office.take(ann("x").with("In-Reply-To", ours)), "In-Reply-To");
    let shown = office.show(1);
    let kept = &shown["messages"].as_array().unwrap().last().unwrap()["explanation"];
    assert_eq!(kept["evidence"], told["explanation"]["evidence"], "and it becomes so");
    let words = office.run(&["ticket", "show", "--db", "desk.db", "1"]).stdout;
    assert!(words.contains("(here because In-Reply-To carries our token"), "{words}");
}

#[test]
fn what_is_strange_about_the_rules_of_a_file_is_said_with_the_mail_that_is_tried() {
    let office = Office::new(&[SUPPORT]);
    office.write("mail.eml", ann("x").bytes());
    let to = |description: &str, to: &str| format!("[[rule]]\ndescription = \"{description}\"\nto = [\"{to}\"]\n");
    let strange = [to("All", "mf.example"), to("One of them", "nobody@mf.example"), to("No address", "ann at home")];
    office.write("strange.toml", strange.concat());
    office.write("fine.toml", to("All", "mf.example"));
    let route = |more: &[&str]| office.run(&[&["route", "mail.eml"], more].concat());
    let told = route(&["--rules", "strange.toml", "--json"]).value();
    let kinds: Vec<_> = told["warnings"].as_array().unwrap().iter().map(|it| (&it["rule"], &it["kind"])).collect();
    assert_eq!(kinds, [(&json!(2), &json!("hidden")), (&json!(3), &json!("never_matches"))]);
    let words = route(&["--rules", "strange.toml"]).stdout;
    for warning in [
        "\nrule 2 `One of them` never wins: rule 1 `All` takes all its mail before it\n",
        "\nrule 3 `No address` never matches: `ann at home` is not what an address looks like\n",
    ] {
        assert!(words.contains(warning), "{warning} in {words}");
    }
    assert_eq!(route(&["--rules", "fine.toml", "--json"]).value()["warnings"], json!([]));
    assert!(!route(&["--rules", "fine.toml"]).stdout.contains("never"));
}

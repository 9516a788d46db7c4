//! What servers say in words.

/// Whether a text has one of these in it.
pub fn has(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

/// Subjects of reports, in lower case.
pub const SUBJECTS: &[&str] = &[
    "undeliver", "delivery status", "delivery failure", "delivery failed", "delivery error", "delivery problem",
    "delivery notification", "delivery report", "delivery has failed", "mail delivery", "returned mail",
    "returned to sender", "failure notice", "failure delivery", "mail system error", "non-deliver", "nondeliver",
    "non delivery", "could not be delivered", "couldn't be delivered", "not delivered", "delayed", "(delay)",
    "mail failure", "could not send message", "message status", "error sending", "user unknown", "unknown user",
    "postmaster notify", "mail could not", "mail error", "bounced mail", "rejected", "unzustellbar", "nicht zugestellt",
    "nicht zustellbar", "non remis", "échec de", "no se puede entregar", "no se ha podido entregar", "não entregue",
    "não foi possível entregar", "mancato recapito", "onbestelbaar", "не доставлено", "недоставлен", "エラー", "配信不能",
    "配送", "退信",
];

/// Words of reports, in lower case.
pub const FAILURES: &[&str] = &[
    "not be delivered", "n't be delivered", "cannot be delivered", "not delivered", "unable to deliver",
    "n't able to deliver", "not able to deliver", "undeliverable", "undelivered", "delivery to the following",
    "delivery has failed", "delivery failed", "failed permanently", "while attempting to deliver",
    "trying to deliver", "error delivering", "trouble delivering", "could not deliver", "couldn't deliver",
    "permanent error", "permanent failure", "permanent fatal", "fatal errors", "transcript of session",
    "delivery problem", "delivery error", "user unknown", "unknown user", "no such user", "invalid user",
    "user not found", "unknown recipient", "mailbox full", "mailbox is full", "not yet been delivered", "been delayed",
    "rejected by", "rejected recipient", "rejected your message", "did not reach the following", "failed to send",
    "returned to sender", "does not exist", "doesn't exist", "invalid final delivery userid", "was rejected",
    "could not be sent", "failed to deliver", "failed with:", "failure reasons", "recipient's mailbox",
    "recipients were affected", "couldn't be found", "wasn't found", "no valid recipients", "over quota",
    "could not send message", "nicht zugestellt", "konnte nicht", "n'a pas pu", "échec", "no se pudo", "no se ha podido",
    "não pôde ser", "не может быть доставлено", "送信できません", "送信に失敗", "配信できません", "配信不能", "エラーが発生",
    "invalid address", "invalid recipient",
];

/// A server goes on trying.
pub const DELAYS: &[&str] = &[
    "been delayed", "was delayed", "is delayed", "warning message only", "not need to resend", "not yet been delivered",
    "delivery attempts will continue", "will be retried", "will retry", "keep trying", "still trying", "will continue trying",
    "could not send message for past", "could not send message for", "(delay)", "delayed ", "delay reason", "verzögert",
];

/// It has given up.
pub const FINAL: &[&str] = &[
    "permanent error", "failed permanently", "permanent failure", "permanent fatal", "gave up", "giving up", "given up",
    "no further", "(failure)", "returned mail",
];

/// What follows is the mail that is returned, in lower case, after dashes and the like.
pub const COPIES: &[&str] = &[
    "below this line is a copy", "this is a copy of", "original message", "unsent message follows",
    "message header follows", "message headers follow", "below is a copy of the original", "the header of the original",
    "the body of your message", "original mail info", "returned message", "message follows", "begin original message",
    "undelivered message", "message text follows", "here is a copy", "included is a copy", "copy of the message",
    "copy of your message", "the original message headers", "your original message", "first 20 lines",
    "begin message header", "original text follows", "original mail",
];

/// Lines about somebody else than the recipient.
pub const OTHERS: &[&str] = &[
    "contact", "mail from", "from:", "sender", "message-id", "message id", "subject:", "reply-to", "http", "assistance",
    "questions", "unsubscribe", "return-path", "envelope-from", "e-mail to", "report this", "reporting-mta", "originator",
];

/// What stands before a recipient, in lower case.
pub const LABELS: &[&str] = &[
    "recipient", "final-recipient", "original-recipient", "to:", "rcpt to", "addressed to", "failed recipient",
    "destination address", "destinataire", "empfänger", "destinatario", "受信者", "宛先",
];

/// What went wrong, as the subject and detail of a status code (RFC 3463), from words in lower case.
pub fn detail(text: &str) -> Option<&'static str> {
    DETAILS.iter().find(|(_, phrases)| has(text, phrases)).map(|(detail, _)| *detail)
}

const DETAILS: &[(&str, &[&str])] = &[
    ("1.2", &[
        "host unknown", "unknown host", "domain not found", "name or service not known", "host not found",
        "no such domain", "domain does not exist", "domain doesn't exist", "couldn't find any host named",
        "unrouteable mail domain", "no such host", "domain name not found", "unknown domain", "domain is not valid",
    ]),
    ("2.2", &[
        "mailbox full", "mailbox is full", "mail box full", "over quota", "overquota", "quota exceeded", "exceeds quota",
        "exceeded quota", "exceeded storage", "mailfolder is full", "mailbox has exceeded", "exceeded the local limit",
        "exceeded their quota", "storage limit", "out of storage", "not enough storage", "mailbox size", "disk quota",
        "too much data", "user is over", "メールボックスが一杯", "mailbox quota",
    ]),
    ("1.1", &[
        "user unknown", "unknown user", "no such user", "invalid user", "user not found", "unknown recipient",
        "recipient not found", "recipient unknown", "no such recipient", "does not exist", "doesn't exist",
        "user doesn't have", "no mailbox here", "not a valid mailbox", "invalid recipient", "invalid mailbox",
        "mailbox not found", "no such mailbox", "account not found", "unknown address", "address unknown",
        "address rejected: undeliverable", "invalid address", "unknown local", "no such address",
        "invalid final delivery userid", "not listed in", "not known at this site", "wasn't found", "couldn't be found",
        "unknown or illegal alias", "there is no such", "no valid recipients", "not found in", "name is not recognized",
        "unrouteable address", "address error", "not our customer", "no longer valid", "unknown mailbox", "no such person",
        "user not exist", "user is unknown", "addressee unknown", "recipient is not exist", "not a known user",
    ]),
    ("3.4", &[
        "message too large", "message size exceeds", "size exceeds", "too big", "message length exceeds", "exceeds maximum",
        "maximum message size", "too large",
    ]),
    ("4.6", &["mail loop", "too many hops", "hop count exceeded", "routing loop", "mail forwarding loop", "loops back"]),
    ("4.7", &[
        "retry timeout exceeded", "retry time not reached", "envelope expired", "message expired", "timeout exceeded",
        "time limit exceeded", "in the queue too long", "delivery time expired", "attempts:", "deliverable for too long",
        "been in the queue", "delivery expired", "queue lifetime", "too long in queue",
    ]),
    ("4.4", &["mail exchanger", "mx record", "no mx", "unable to route", "routing error"]),
    ("4.1", &[
        "connection refused", "no answer from host", "socket error", "requests to connect", "couldn't connect",
        "could not connect", "couldn't establish an smtp connection", "connection timed out", "unreachable",
        "no route to host", "connection dropped", "unable to connect", "wasn't able to establish", "timed out",
    ]),
    ("2.1", &[
        "account disabled", "mailbox disabled", "account is disabled", "mailbox unavailable", "account inactive",
        "account has been disabled", "mailbox is disabled", "account has been suspended", "mailbox is inactive", "inactive",
        "user disabled", "mailbox currently suspended", "not accepting",
    ]),
    ("7.1", &[
        "relay", "access denied", "not authorized", "blocked", "blacklist", "spam", "policy", "dmarc", "not permitted",
        "permission", "rejected for", "not allowed", "prohibited", "listed at", "denied",
    ]),
];

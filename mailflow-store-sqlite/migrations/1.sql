-- The first shape of the database. Never edited once it was released: what changes is a further migration.
-- `data` is the record as JSON, NULL in a tombstone. The other columns repeat what is looked up, sorted or filtered by;
-- they are NULL in a tombstone too, so that it stands in no index of a list.

-- The steps that were taken to this shape, with the SHA-256 of their text.
CREATE TABLE migrations (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL
) STRICT;

-- What was given last: versions, ticket numbers, and the order in which messages and notes were taken in.
CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    number INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO counters (id, version, number, seq) VALUES (1, 0, 0, 0);

-- `shelf`: 0 open, 1 closed, 2 open and in the trash, 3 closed and in the trash.
CREATE TABLE tickets (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    number INTEGER,
    ticketbox BLOB,
    owner BLOB,
    category BLOB,
    contact BLOB,
    shelf INTEGER,
    updated INTEGER,
    data BLOB
) STRICT;
CREATE UNIQUE INDEX tickets_by_number ON tickets (number);
-- Each index holds all that `TicketQuery` asks about, so that no row is read that is not shown.
CREATE INDEX tickets_by_time ON tickets (shelf, updated, id, ticketbox, owner, category, contact)
    WHERE shelf IS NOT NULL;
CREATE INDEX tickets_by_box ON tickets (ticketbox, shelf, updated, id, owner, category, contact)
    WHERE ticketbox IS NOT NULL;
CREATE INDEX tickets_of_nobody ON tickets (ticketbox, shelf, updated, id, category, contact)
    WHERE owner IS NULL AND ticketbox IS NOT NULL;
CREATE INDEX tickets_by_owner ON tickets (owner, shelf, updated, id, ticketbox, category, contact)
    WHERE owner IS NOT NULL;
CREATE INDEX tickets_by_contact ON tickets (contact, shelf, updated, id, ticketbox, owner, category)
    WHERE contact IS NOT NULL;
CREATE INDEX tickets_by_category ON tickets (category, shelf, updated, id, ticketbox, owner, contact)
    WHERE category IS NOT NULL;
CREATE INDEX tickets_by_box_and_category ON tickets (ticketbox, category, shelf, updated, id, owner, contact)
    WHERE category IS NOT NULL;

-- `words` is a hash of the words that the row is found by: they are indexed again only when they change. `text` is
-- compressed (zstd).
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    ticket BLOB,
    at INTEGER,
    words INTEGER,
    text BLOB,
    data BLOB
) STRICT;
CREATE INDEX messages_by_ticket ON messages (ticket, at, id) WHERE ticket IS NOT NULL;

CREATE TABLE notes (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    ticket BLOB,
    at INTEGER,
    words INTEGER,
    data BLOB
) STRICT;
CREATE INDEX notes_by_ticket ON notes (ticket, at, id) WHERE ticket IS NOT NULL;

-- The words of messages and notes under their `seq`. `scope` says where the ticket lies: see `scope.rs`. The words are
-- cut by mailflow itself, the same for every store; `ascii` only cuts them at the spaces between.
CREATE VIRTUAL TABLE search USING fts5(
    scope, words, content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- Segments are merged when there are eight of a size, not four: less work at each commit.
INSERT INTO search (search, rank) VALUES ('automerge', 8);
-- The words of a whole commit are collected before they are written (1 MiB would be some hundred mails).
INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    ticket BLOB,
    at INTEGER,
    data BLOB
) STRICT;
CREATE INDEX events_by_ticket ON events (ticket, at, id) WHERE ticket IS NOT NULL;

CREATE TABLE contacts (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    shown BLOB,
    data BLOB
) STRICT;
CREATE INDEX contacts_by_name ON contacts (shown, id) WHERE shown IS NOT NULL;
CREATE TABLE contact_words (
    word BLOB NOT NULL,
    contact BLOB NOT NULL,
    PRIMARY KEY (word, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_words_by_contact ON contact_words (contact);

CREATE TABLE addresses (
    address BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE threads (
    id BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;

-- `list`: 0 waits to be routed, 1 shelved, NULL done.
CREATE TABLE arrivals (
    seq INTEGER PRIMARY KEY,
    source BLOB NOT NULL,
    digest BLOB NOT NULL,
    version INTEGER NOT NULL,
    list INTEGER,
    at INTEGER,
    place BLOB,
    data BLOB,
    UNIQUE (source, digest)
) STRICT;
CREATE INDEX arrivals_by_list ON arrivals (list, at, place) WHERE list IS NOT NULL;

CREATE TABLE fetch_marks (
    seq INTEGER PRIMARY KEY,
    source BLOB NOT NULL,
    uid BLOB NOT NULL,
    version INTEGER NOT NULL,
    data BLOB,
    UNIQUE (source, uid)
) STRICT;

-- `list`: 0 queued, 1 being sent, 2 failed or perhaps sent, 3 waits for an approval, NULL for the rest.
CREATE TABLE outgoing (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    ticket BLOB,
    destination BLOB,
    list INTEGER,
    due INTEGER,
    created INTEGER,
    data BLOB
) STRICT;
CREATE INDEX outgoing_by_ticket ON outgoing (ticket, created, id) WHERE ticket IS NOT NULL;
CREATE INDEX outgoing_by_due ON outgoing (destination, list, due, id) WHERE list IS NOT NULL;
CREATE INDEX outgoing_by_time ON outgoing (list, created, id) WHERE list IS NOT NULL;
CREATE INDEX outgoing_by_destination ON outgoing (destination, list, created, id) WHERE list IS NOT NULL;

CREATE TABLE drafts (
    agent BLOB NOT NULL,
    ticket BLOB NOT NULL,
    version INTEGER NOT NULL,
    saved INTEGER,
    data BLOB,
    PRIMARY KEY (agent, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_by_agent ON drafts (agent, saved, ticket);

CREATE TABLE read_marks (
    agent BLOB NOT NULL,
    ticket BLOB NOT NULL,
    version INTEGER NOT NULL,
    data BLOB,
    PRIMARY KEY (agent, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    agent BLOB,
    seen INTEGER,
    place BLOB,
    data BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_agent ON sessions (agent, seen, place);
CREATE INDEX sessions_by_time ON sessions (seen, place);

CREATE TABLE pulses (
    id BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    kind BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    data BLOB,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- One row.
CREATE TABLE directory (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    data BLOB
) STRICT;

-- `place`: 0 in `content`, 1 in a file named by the digest, 2 erased. Compressed (zstd) in both. `named`: 1 once a record
-- was committed that names it; what nobody came to name is removed when the file is opened.
CREATE TABLE bodies (
    seq INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    place INTEGER NOT NULL,
    named INTEGER NOT NULL,
    size INTEGER NOT NULL,
    content BLOB
) STRICT;
CREATE INDEX bodies_unnamed ON bodies (seq) WHERE named = 0;

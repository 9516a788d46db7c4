-- The first shape of the database. Never edited once it was released: what changes is a further migration.
-- `data` is the record as JSON, NULL in a tombstone. The other columns repeat what is looked up, sorted or filtered by;
-- they are NULL in a tombstone too, so that it stands in no list. Ids are BINARY(16): they sort as bytes, which
-- UNIQUEIDENTIFIER does not. Keys that are texts stand as their SHA-256, BINARY(32): they compare as bytes whatever the
-- collation is, trailing blanks and zeros count, and no key is too long for an index.

-- The steps that were taken to this shape, with the SHA-256 of their text.
CREATE TABLE mailflow_migrations (
    number BIGINT NOT NULL PRIMARY KEY,
    digest BINARY(32) NOT NULL
);

-- What was given last: versions, ticket numbers, and the order in which messages and notes were taken in. Whoever
-- commits holds the lock of this row from before it looks until it is done.
CREATE TABLE counters (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    number BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
INSERT INTO counters (id, version, number, seq) VALUES (1, 0, 0, 0);

-- `shelf`: 0 open, 1 closed, 2 open and in the trash, 3 closed and in the trash.
CREATE TABLE tickets (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    number BIGINT NULL,
    ticketbox BINARY(16) NULL,
    owner BINARY(16) NULL,
    category BINARY(16) NULL,
    contact BINARY(16) NULL,
    shelf BIGINT NULL,
    updated BIGINT NULL,
    data VARBINARY(MAX) NULL
);
CREATE UNIQUE INDEX tickets_by_number ON tickets (number) WHERE number IS NOT NULL;
CREATE INDEX tickets_by_time ON tickets (shelf, updated, id);
CREATE INDEX tickets_by_box ON tickets (ticketbox, shelf, updated, id) INCLUDE (owner, category);
CREATE INDEX tickets_of_nobody ON tickets (ticketbox, owner, shelf, updated, id) INCLUDE (category);
CREATE INDEX tickets_by_owner ON tickets (owner, shelf, updated, id) INCLUDE (ticketbox, category);
CREATE INDEX tickets_by_contact ON tickets (contact, shelf, updated, id);
CREATE INDEX tickets_by_category ON tickets (category, shelf, updated, id);
CREATE INDEX tickets_by_box_and_category ON tickets (ticketbox, category, shelf, updated, id);

-- `words` is a hash of the words that the row is found by: they are indexed again only when they change. `seq` is their
-- row in `search`. `rule` is the rule that placed the message. `text` is compressed (zstd).
CREATE TABLE messages (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket BINARY(16) NULL,
    at BIGINT NULL,
    [rule] BINARY(16) NULL,
    words BIGINT NULL,
    text VARBINARY(MAX) NULL,
    seq BIGINT NOT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX messages_by_ticket ON messages (ticket, at, id);
CREATE INDEX messages_by_rule ON messages ([rule], id);

CREATE TABLE notes (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket BINARY(16) NULL,
    at BIGINT NULL,
    words BIGINT NULL,
    seq BIGINT NOT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX notes_by_ticket ON notes (ticket, at, id);

-- The words of messages (`note` 0) and notes, in the order in which they were taken in. They are cut by mailflow itself,
-- the same for every store. `joined` has them in their order, between spaces: there phrases are looked for.
CREATE TABLE search (
    seq BIGINT NOT NULL PRIMARY KEY,
    id BINARY(16) NOT NULL,
    note BIT NOT NULL,
    ticket BINARY(16) NOT NULL,
    joined NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NOT NULL
);
CREATE INDEX search_by_ticket ON search (ticket, seq);
-- Each word, and each word that says where the ticket lies (see scope.rs), as the first half of its SHA-256.
CREATE TABLE search_words (
    word BINARY(16) NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (word, seq)
);
CREATE INDEX search_words_by_seq ON search_words (seq);

CREATE TABLE events (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket BINARY(16) NULL,
    at BIGINT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX events_by_ticket ON events (ticket, at, id);

CREATE TABLE contacts (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    shown VARBINARY(1600) NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX contacts_by_name ON contacts (shown, id);
CREATE TABLE contact_words (
    word VARBINARY(200) NOT NULL,
    contact BINARY(16) NOT NULL,
    PRIMARY KEY (word, contact)
);
CREATE INDEX contact_words_by_contact ON contact_words (contact, word);

-- `name` is the key as it is, or the beginning of a very long one.
CREATE TABLE addresses (
    address BINARY(32) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name VARBINARY(1600) NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX addresses_by_name ON addresses (name, address);

CREATE TABLE threads (
    id BINARY(32) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name VARBINARY(1600) NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX threads_by_name ON threads (name, id);

-- `list`: 0 waits to be routed, 1 shelved, NULL done.
CREATE TABLE arrivals (
    source BINARY(16) NOT NULL,
    digest BINARY(32) NOT NULL,
    version BIGINT NOT NULL,
    list BIGINT NULL,
    at BIGINT NULL,
    place BINARY(16) NULL,
    data VARBINARY(MAX) NULL,
    PRIMARY KEY (source, digest)
);
CREATE INDEX arrivals_by_list ON arrivals (list, at, place) WHERE list IS NOT NULL;

CREATE TABLE fetch_marks (
    source BINARY(16) NOT NULL,
    uid BINARY(32) NOT NULL,
    version BIGINT NOT NULL,
    name VARBINARY(1600) NULL,
    data VARBINARY(MAX) NULL,
    PRIMARY KEY (source, uid)
);
CREATE INDEX fetch_marks_by_name ON fetch_marks (source, name, uid);

-- `list`: 0 queued, 1 being sent, 2 failed or perhaps sent, 3 waits for an approval, NULL for the rest.
CREATE TABLE outgoing (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket BINARY(16) NULL,
    destination BINARY(16) NULL,
    list BIGINT NULL,
    due BIGINT NULL,
    created BIGINT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX outgoing_by_ticket ON outgoing (ticket, created, id);
CREATE INDEX outgoing_by_due ON outgoing (destination, list, due, id) WHERE list IS NOT NULL;
CREATE INDEX outgoing_by_time ON outgoing (list, created, id) WHERE list IS NOT NULL;
CREATE INDEX outgoing_by_destination ON outgoing (destination, list, created, id) WHERE list IS NOT NULL;

CREATE TABLE drafts (
    agent BINARY(16) NOT NULL,
    ticket BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    saved BIGINT NULL,
    data VARBINARY(MAX) NULL,
    PRIMARY KEY (agent, ticket)
);
CREATE INDEX drafts_by_agent ON drafts (agent, saved, ticket);

CREATE TABLE read_marks (
    agent BINARY(16) NOT NULL,
    ticket BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    data VARBINARY(MAX) NULL,
    PRIMARY KEY (agent, ticket)
);

CREATE TABLE sessions (
    token BINARY(32) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    agent BINARY(16) NULL,
    seen BIGINT NULL,
    place BINARY(16) NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX sessions_by_agent ON sessions (agent, seen, place);
CREATE INDEX sessions_by_time ON sessions (seen, place);

CREATE TABLE pulses (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    data VARBINARY(MAX) NULL
);

-- How often something was done lately, so that it is not done too often.
CREATE TABLE allowances (
    [of] BINARY(32) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    data VARBINARY(MAX) NULL
);

-- Several servers on one desk: which there are, and who does what.
CREATE TABLE servers (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    started BIGINT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX servers_by_time ON servers (started, id);

CREATE TABLE leases (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    since BIGINT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX leases_by_time ON leases (since, id);

CREATE TABLE documents (
    kind VARBINARY(64) NOT NULL,
    id BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    data VARBINARY(MAX) NULL,
    PRIMARY KEY (kind, id)
);

-- One row.
CREATE TABLE directory (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    data VARBINARY(MAX) NULL
);

-- `place`: 0 in `content`, 1 in `body_chunks`, 2 erased. Compressed (zstd) in both. `named`: a record was committed that
-- names it; what nobody came to name for a day after it was `kept` (milliseconds, on the clock of the database) is
-- removed when a server begins.
CREATE TABLE bodies (
    digest BINARY(32) NOT NULL PRIMARY KEY,
    place BIGINT NOT NULL,
    named BIT NOT NULL,
    size BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    content VARBINARY(MAX) NULL
);
CREATE INDEX bodies_unnamed ON bodies (kept) WHERE named = 0;
CREATE TABLE body_chunks (
    digest BINARY(32) NOT NULL,
    nth BIGINT NOT NULL,
    content VARBINARY(MAX) NOT NULL,
    PRIMARY KEY (digest, nth)
);

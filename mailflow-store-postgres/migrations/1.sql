-- The first shape of the database. Never edited once it was released: what changes is a further migration.
-- `data` is the record as JSON, NULL in a tombstone. The other columns repeat what is looked up, sorted or filtered by;
-- they are NULL in a tombstone too, so that it stands in no index of a list. Keys that are texts are BYTEA: they compare
-- as bytes whatever the collation of the database is, and hold every character.

-- The steps that were taken to this shape, with the SHA-256 of their text.
CREATE TABLE mailflow_migrations (
    number BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL
);

-- What was given last: versions, ticket numbers, and the order in which messages and notes were taken in. Whoever
-- commits holds the lock of this row from before it looks until it is done.
CREATE TABLE counters (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    number BIGINT NOT NULL,
    seq BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO counters (id, version, number, seq) VALUES (1, 0, 0, 0);

-- `shelf`: 0 open, 1 closed, 2 open and in the trash, 3 closed and in the trash.
CREATE TABLE tickets (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    number BIGINT,
    ticketbox UUID,
    owner UUID,
    category UUID,
    contact UUID,
    shelf BIGINT,
    updated BIGINT,
    data BYTEA
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX tickets_by_number ON tickets (number);
CREATE INDEX tickets_by_time ON tickets (shelf, updated, id) WHERE shelf IS NOT NULL;
CREATE INDEX tickets_by_box ON tickets (ticketbox, shelf, updated, id) WHERE ticketbox IS NOT NULL;
CREATE INDEX tickets_of_nobody ON tickets (ticketbox, shelf, updated, id)
    WHERE owner IS NULL AND ticketbox IS NOT NULL;
CREATE INDEX tickets_by_owner ON tickets (owner, shelf, updated, id) WHERE owner IS NOT NULL;
CREATE INDEX tickets_by_contact ON tickets (contact, shelf, updated, id) WHERE contact IS NOT NULL;
CREATE INDEX tickets_by_category ON tickets (category, shelf, updated, id) WHERE category IS NOT NULL;
CREATE INDEX tickets_by_box_and_category ON tickets (ticketbox, category, shelf, updated, id)
    WHERE category IS NOT NULL;

-- `words` is a hash of the words that the row is found by: they are indexed again only when they change. `seq` is their
-- row in `search`. `text` is compressed (zstd).
CREATE TABLE messages (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket UUID,
    at BIGINT,
    words BIGINT,
    text BYTEA,
    seq BIGINT NOT NULL,
    data BYTEA
);
ALTER TABLE messages ALTER COLUMN text SET STORAGE EXTERNAL;
CREATE INDEX messages_by_ticket ON messages (ticket, at, id) WHERE ticket IS NOT NULL;
CREATE INDEX messages_there ON messages (id) WHERE data IS NOT NULL;

CREATE TABLE notes (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket UUID,
    at BIGINT,
    words BIGINT,
    seq BIGINT NOT NULL,
    data BYTEA
);
CREATE INDEX notes_by_ticket ON notes (ticket, at, id) WHERE ticket IS NOT NULL;

-- The words of messages (`note` false) and notes, in the order in which they were taken in. They are cut by mailflow
-- itself, the same for every store. `joined` has them in their order, between spaces: there phrases are looked for.
-- `words` has them without order, and where the ticket lies: see `scope.rs`.
CREATE TABLE search (
    seq BIGINT PRIMARY KEY,
    id UUID NOT NULL,
    note BOOLEAN NOT NULL,
    ticket UUID NOT NULL,
    joined TEXT NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX search_by_ticket ON search (ticket, seq);
-- New words wait in a list until it is this long (KiB): a search walks through it.
CREATE INDEX search_by_words ON search USING gin (words) WITH (gin_pending_list_limit = 1024);

CREATE TABLE events (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket UUID,
    at BIGINT,
    data BYTEA
);
CREATE INDEX events_by_ticket ON events (ticket, at, id) WHERE ticket IS NOT NULL;

CREATE TABLE contacts (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    shown BYTEA,
    data BYTEA
);
CREATE INDEX contacts_by_name ON contacts (shown, id) WHERE shown IS NOT NULL;
CREATE TABLE contact_words (
    word BYTEA NOT NULL,
    contact UUID NOT NULL,
    PRIMARY KEY (word, contact)
);
CREATE INDEX contact_words_by_contact ON contact_words (contact, word);

CREATE TABLE addresses (
    address BYTEA PRIMARY KEY,
    version BIGINT NOT NULL,
    data BYTEA
);

CREATE TABLE threads (
    id BYTEA PRIMARY KEY,
    version BIGINT NOT NULL,
    data BYTEA
);

-- `list`: 0 waits to be routed, 1 shelved, NULL done.
CREATE TABLE arrivals (
    source UUID NOT NULL,
    digest BYTEA NOT NULL,
    version BIGINT NOT NULL,
    list BIGINT,
    at BIGINT,
    place UUID,
    data BYTEA,
    PRIMARY KEY (source, digest)
) WITH (fillfactor = 80);
CREATE INDEX arrivals_by_list ON arrivals (list, at, place) WHERE list IS NOT NULL;

CREATE TABLE fetch_marks (
    source UUID NOT NULL,
    uid BYTEA NOT NULL,
    version BIGINT NOT NULL,
    data BYTEA,
    PRIMARY KEY (source, uid)
);

-- `list`: 0 queued, 1 being sent, 2 failed or perhaps sent, 3 waits for an approval, NULL for the rest.
CREATE TABLE outgoing (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    ticket UUID,
    destination UUID,
    list BIGINT,
    due BIGINT,
    created BIGINT,
    data BYTEA
) WITH (fillfactor = 80);
CREATE INDEX outgoing_by_ticket ON outgoing (ticket, created, id) WHERE ticket IS NOT NULL;
CREATE INDEX outgoing_by_due ON outgoing (destination, list, due, id) WHERE list IS NOT NULL;
CREATE INDEX outgoing_by_time ON outgoing (list, created, id) WHERE list IS NOT NULL;
CREATE INDEX outgoing_by_destination ON outgoing (destination, list, created, id) WHERE list IS NOT NULL;

CREATE TABLE drafts (
    agent UUID NOT NULL,
    ticket UUID NOT NULL,
    version BIGINT NOT NULL,
    saved BIGINT,
    data BYTEA,
    PRIMARY KEY (agent, ticket)
);
CREATE INDEX drafts_by_agent ON drafts (agent, saved, ticket);

CREATE TABLE read_marks (
    agent UUID NOT NULL,
    ticket UUID NOT NULL,
    version BIGINT NOT NULL,
    data BYTEA,
    PRIMARY KEY (agent, ticket)
);

CREATE TABLE sessions (
    token BYTEA PRIMARY KEY,
    version BIGINT NOT NULL,
    agent UUID,
    seen BIGINT,
    place UUID,
    data BYTEA
);
CREATE INDEX sessions_by_agent ON sessions (agent, seen, place);
CREATE INDEX sessions_by_time ON sessions (seen, place);

CREATE TABLE pulses (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    data BYTEA
) WITH (fillfactor = 50);

-- How often something was done lately, so that it is not done too often.
CREATE TABLE allowances (
    of BYTEA PRIMARY KEY,
    version BIGINT NOT NULL,
    data BYTEA
);

CREATE TABLE documents (
    kind BYTEA NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    data BYTEA,
    PRIMARY KEY (kind, id)
);

-- One row.
CREATE TABLE directory (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    data BYTEA
);

-- `place`: 0 in `content`, 1 in `body_chunks`, 2 erased. Compressed (zstd) in both. `named`: a record was committed that
-- names it; what nobody came to name for a day after it was `kept` (milliseconds, on the clock of the database) is
-- removed when a server begins.
CREATE TABLE bodies (
    digest BYTEA PRIMARY KEY,
    place BIGINT NOT NULL,
    named BOOLEAN NOT NULL,
    size BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    content BYTEA
);
ALTER TABLE bodies ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX bodies_unnamed ON bodies (kept) WHERE NOT named;
CREATE TABLE body_chunks (
    digest BYTEA NOT NULL,
    nth BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (digest, nth)
);
ALTER TABLE body_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

-- Agents are told that something happened. `list`: 0 as long as its ticket is seen, 1 as long as the mail waits for
-- approval, 2 always.
CREATE TABLE alerts (
    agent BLOB NOT NULL,
    cause BLOB NOT NULL,
    at INTEGER,
    ticket BLOB,
    list INTEGER,
    version INTEGER NOT NULL,
    data BLOB,
    PRIMARY KEY (agent, cause)
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_agent ON alerts (agent, at, cause);

-- Who did what: only ever added to. `about` is what it was done to, `activity` the kind of deed.
CREATE TABLE audit (
    id BLOB PRIMARY KEY NOT NULL,
    at INTEGER,
    about BLOB,
    ticket BLOB,
    agent BLOB,
    activity INTEGER,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_object ON audit (about, at, id) WHERE about IS NOT NULL;
CREATE INDEX audit_by_agent ON audit (agent, at, id) WHERE agent IS NOT NULL;
CREATE INDEX audit_by_activity ON audit (activity, at, id);

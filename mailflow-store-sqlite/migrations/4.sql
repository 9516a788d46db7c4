-- Several servers on one desk: which there are, and who does what.
CREATE TABLE servers (
    id BLOB PRIMARY KEY NOT NULL,
    started INTEGER,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    id BLOB PRIMARY KEY NOT NULL,
    since INTEGER,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX servers_started ON servers (started, id);
CREATE INDEX leases_since ON leases (since, id);

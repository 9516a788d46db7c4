-- Several servers on one desk: which there are, and who does what.
CREATE TABLE servers (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    started BIGINT,
    data BYTEA
) WITH (fillfactor = 50);
CREATE INDEX servers_by_time ON servers (started, id);

CREATE TABLE leases (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    since BIGINT,
    data BYTEA
) WITH (fillfactor = 50);
CREATE INDEX leases_by_time ON leases (since, id);

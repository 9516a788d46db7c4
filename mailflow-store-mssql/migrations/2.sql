-- Agents are told that something happened. `list`: 0 as long as its ticket is seen, 1 as long as the mail waits for
-- approval, 2 always.
CREATE TABLE alerts (
    agent BINARY(16) NOT NULL,
    cause BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NULL,
    ticket BINARY(16) NULL,
    list BIGINT NULL,
    data VARBINARY(MAX) NULL,
    PRIMARY KEY (agent, cause)
);
CREATE INDEX alerts_by_agent ON alerts (agent, at, cause);

-- Who did what: only ever added to. `about` is what it was done to, `activity` the kind of deed.
CREATE TABLE audit (
    id BINARY(16) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    at BIGINT NULL,
    about BINARY(16) NULL,
    ticket BINARY(16) NULL,
    agent BINARY(16) NULL,
    activity BIGINT NULL,
    data VARBINARY(MAX) NULL
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_object ON audit (about, at, id);
CREATE INDEX audit_by_agent ON audit (agent, at, id);
CREATE INDEX audit_by_activity ON audit (activity, at, id);

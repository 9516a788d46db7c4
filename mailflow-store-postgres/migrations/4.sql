-- Agents are told that something happened. `list`: 0 as long as its ticket is seen, 1 as long as the mail waits for
-- approval, 2 always.
CREATE TABLE alerts (
    agent UUID NOT NULL,
    cause UUID NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT,
    ticket UUID,
    list BIGINT,
    data BYTEA,
    PRIMARY KEY (agent, cause)
);
CREATE INDEX alerts_by_agent ON alerts (agent, at, cause);

-- Who did what: only ever added to. `about` is what it was done to, `activity` the kind of deed.
CREATE TABLE audit (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    at BIGINT,
    about UUID,
    ticket UUID,
    agent UUID,
    activity BIGINT,
    data BYTEA
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_object ON audit (about, at, id) WHERE about IS NOT NULL;
CREATE INDEX audit_by_agent ON audit (agent, at, id) WHERE agent IS NOT NULL;
CREATE INDEX audit_by_activity ON audit (activity, at, id);

-- Whose mails wait and can be pulled back. The index is made in a batch of its own: a batch knows the columns only that
-- were there when it began.
ALTER TABLE outgoing ADD author BINARY(16) NULL;
EXEC(N'CREATE INDEX outgoing_by_author ON outgoing (author, due, id) WHERE author IS NOT NULL;');

-- Whose mails wait and can be pulled back.
ALTER TABLE outgoing ADD COLUMN author BLOB;
CREATE INDEX outgoing_by_author ON outgoing (author, due, id) WHERE author IS NOT NULL;

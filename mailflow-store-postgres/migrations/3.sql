-- The rule that placed a message's ticket, to count what a rule did lately.
ALTER TABLE messages ADD COLUMN rule UUID;
CREATE INDEX messages_by_rule ON messages (rule, id) WHERE rule IS NOT NULL;

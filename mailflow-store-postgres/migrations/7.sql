-- When the turn of a ticket is that nobody takes care of: see `Ticket::turn`. NULL for what is given to nobody. The two
-- numbers are looked for in the record as it stands: within a text, a quotation mark has a backslash before it.
ALTER TABLE tickets ADD COLUMN turn BIGINT;
UPDATE tickets SET turn = coalesce(
        substring(convert_from(data, 'UTF8') FROM '"waiting_since":(\d+)')::bigint,
        1152921504606846976 + substring(convert_from(data, 'UTF8') FROM '"created":(\d+)')::bigint
    ) WHERE shelf = 0 AND owner IS NULL;
CREATE INDEX tickets_by_turn ON tickets (turn, number) INCLUDE (ticketbox, category) WHERE turn IS NOT NULL;
CREATE INDEX tickets_by_box_and_turn ON tickets (ticketbox, turn, number) INCLUDE (category)
    WHERE turn IS NOT NULL;

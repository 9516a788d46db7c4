-- When the turn of a ticket is that nobody takes care of: see `Ticket::turn`. NULL for what is given to nobody.
ALTER TABLE tickets ADD COLUMN turn INTEGER;
UPDATE tickets SET turn = coalesce(
        json_extract(CAST(data AS TEXT), '$.waiting_since'),
        1152921504606846976 + json_extract(CAST(data AS TEXT), '$.created')
    ) WHERE shelf = 0 AND owner IS NULL;
-- Both hold all that `UnownedQuery` asks about.
CREATE INDEX tickets_by_turn ON tickets (turn, number, ticketbox, category) WHERE turn IS NOT NULL;
CREATE INDEX tickets_by_box_and_turn ON tickets (ticketbox, turn, number, category) WHERE turn IS NOT NULL;

-- When the turn of a ticket is that nobody takes care of: see `Ticket::turn`. NULL for what is given to nobody. That of the
-- tickets that are there is written by `turns.rs`. The indexes are made in batches of their own: a batch knows the columns
-- only that were there when it began.
ALTER TABLE tickets ADD turn BIGINT NULL;
EXEC(N'CREATE INDEX tickets_by_turn ON tickets (turn, number) INCLUDE (ticketbox, category) WHERE turn IS NOT NULL;');
EXEC(N'CREATE INDEX tickets_by_box_and_turn ON tickets (ticketbox, turn, number) INCLUDE (category)
    WHERE turn IS NOT NULL;');

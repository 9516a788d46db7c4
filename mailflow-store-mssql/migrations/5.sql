-- When the turn of a ticket is that nobody takes care of: see `Ticket::turn`. NULL for what is given to nobody. The two
-- numbers are looked for in the record as it stands: within a text, a quotation mark has a backslash before it, and which
-- letters are in it does not matter. A batch knows the columns only that were there when it began.
ALTER TABLE tickets ADD turn BIGINT NULL;
EXEC(N'UPDATE tickets SET turn = COALESCE(
    CAST(JSON_VALUE(CAST(data AS VARCHAR(MAX)), ''$.waiting_since'') AS BIGINT),
    1152921504606846976 + CAST(JSON_VALUE(CAST(data AS VARCHAR(MAX)), ''$.created'') AS BIGINT))
    WHERE shelf = 0 AND owner IS NULL;');
EXEC(N'CREATE INDEX tickets_by_turn ON tickets (turn, number) INCLUDE (ticketbox, category) WHERE turn IS NOT NULL;');
EXEC(N'CREATE INDEX tickets_by_box_and_turn ON tickets (ticketbox, turn, number) INCLUDE (category)
    WHERE turn IS NOT NULL;');

-- When the turn of a ticket is that nobody takes care of: see `Ticket::turn`. NULL for what is given to nobody. The two
-- numbers are looked for in the record as it stands, whose letters do not matter here: within a text, a quotation mark has
-- a backslash before it. A batch knows the columns only that were there when it began.
ALTER TABLE tickets ADD turn BIGINT NULL;
EXEC(N'UPDATE tickets SET turn = CASE
    WHEN PATINDEX(''%"waiting_since":[0-9]%'', CAST(data AS VARCHAR(MAX))) > 0 THEN
        CAST(LEFT(SUBSTRING(CAST(data AS VARCHAR(MAX)), PATINDEX(''%"waiting_since":[0-9]%'', CAST(data AS VARCHAR(MAX))) + 16, 20),
            PATINDEX(''%[^0-9]%'', SUBSTRING(CAST(data AS VARCHAR(MAX)), PATINDEX(''%"waiting_since":[0-9]%'', CAST(data AS VARCHAR(MAX))) + 16, 20)) - 1) AS BIGINT)
    ELSE 1152921504606846976 +
        CAST(LEFT(SUBSTRING(CAST(data AS VARCHAR(MAX)), PATINDEX(''%"created":[0-9]%'', CAST(data AS VARCHAR(MAX))) + 10, 20),
            PATINDEX(''%[^0-9]%'', SUBSTRING(CAST(data AS VARCHAR(MAX)), PATINDEX(''%"created":[0-9]%'', CAST(data AS VARCHAR(MAX))) + 10, 20)) - 1) AS BIGINT)
    END WHERE shelf = 0 AND owner IS NULL;');
EXEC(N'CREATE INDEX tickets_by_turn ON tickets (turn, number) INCLUDE (ticketbox, category) WHERE turn IS NOT NULL;');
EXEC(N'CREATE INDEX tickets_by_box_and_turn ON tickets (ticketbox, turn, number) INCLUDE (category)
    WHERE turn IS NOT NULL;');

-- What was changed of late, in words that servers tell each other: one row for each transaction that others look at, under
-- the version that it gave last. Whoever writes one removes what is long past. (SQL Server has nothing that tells.)
CREATE TABLE changes (
    version BIGINT NOT NULL PRIMARY KEY,
    words NVARCHAR(MAX) NOT NULL
);

-- How often something was done lately, so that it is not done too often.
CREATE TABLE allowances (
    of BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    data BLOB
) STRICT, WITHOUT ROWID;

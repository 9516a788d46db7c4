-- A search asks for texts that were taken in lately first. So that the index itself leaves the rest out, a text is also
-- found by the blocks that its number lies in: of 512, 4,096, 32,768 … texts. `find/window.rs` has the same expression.
-- This reads all texts once.
DROP INDEX search_by_words;
CREATE INDEX search_by_words ON search USING gin ((words || array_to_tsvector(ARRAY[
    'N9x' || (seq >> 9)::text, 'N12x' || (seq >> 12)::text, 'N15x' || (seq >> 15)::text, 'N18x' || (seq >> 18)::text,
    'N21x' || (seq >> 21)::text]))) WITH (gin_pending_list_limit = 1024);

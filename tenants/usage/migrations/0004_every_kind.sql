ALTER TABLE usage_event
    ADD COLUMN kinds bigint[] CHECK (0 <= ALL (kinds)),
    ADD COLUMN told_nanos bigint CHECK (told_nanos >= 0),
    ADD COLUMN held_tokens bigint CHECK (held_tokens >= 0),
    ADD COLUMN held_nanos bigint CHECK (held_nanos >= 0),
    ADD COLUMN tag text NOT NULL DEFAULT '' CHECK (length(tag) <= 64);
ALTER TYPE usage_incoming
    ADD ATTRIBUTE kinds bigint[], ADD ATTRIBUTE told_nanos bigint, ADD ATTRIBUTE held_tokens bigint,
    ADD ATTRIBUTE held_nanos bigint, ADD ATTRIBUTE tag text;

-- A window that one event has opened has no workflow until a second one comes: it is
-- never due (dispatch_at is 'infinity') and ends at ends_at. Code of earlier versions goes
-- on working while this runs: what it opens is due at once, and a second event makes any
-- window due.

-- +goose Up
ALTER TABLE windows ADD COLUMN ends_at timestamptz,
	ADD CONSTRAINT windows_end_check CHECK (dispatch_at < 'infinity' OR ends_at IS NOT NULL);

-- +goose Down
UPDATE windows SET dispatch_at = now() WHERE dispatch_at = 'infinity';
ALTER TABLE windows DROP COLUMN ends_at;

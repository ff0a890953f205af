-- A window of a combination is due when a second or later event has come to it. While it
-- waits for one, dispatch_at is 'infinity', and it ends at ends_at. Code of earlier versions
-- goes on working while this runs: what it opens is due at once, and another event makes
-- any window due.

-- +goose Up
ALTER TABLE windows ADD COLUMN ends_at timestamptz,
	ADD CONSTRAINT windows_end_check CHECK (dispatch_at < 'infinity' OR ends_at IS NOT NULL);

-- +goose Down
UPDATE windows SET dispatch_at = now() WHERE dispatch_at = 'infinity';
ALTER TABLE windows DROP COLUMN ends_at;

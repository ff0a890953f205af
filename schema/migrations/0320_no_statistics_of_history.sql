-- A plan for the large tables must not depend on when Postgres last gathered statistics
-- of them: those of a small table, of a quiet moment or of a table that was just restored
-- have the planner read history where an index knows the answer. Without any it has the
-- plans that the statements are written for, and gathering costs next to nothing. Those
-- that are there can be removed by a superuser alone. Code of earlier versions goes on
-- working while this runs.

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
	c record;
BEGIN
	FOR c IN
		SELECT a.attrelid::regclass AS of, a.attname AS name FROM pg_attribute a
		WHERE a.attrelid = ANY('{deliveries, events, attempts}'::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attrelid, a.attnum
	LOOP
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', c.of, c.name);
	END LOOP;
	IF current_setting('is_superuser') = 'on' THEN
		DELETE FROM pg_statistic WHERE starelid = ANY('{deliveries, events, attempts}'::regclass[]);
	END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$
DECLARE
	c record;
BEGIN
	FOR c IN
		SELECT a.attrelid::regclass AS of, a.attname AS name FROM pg_attribute a
		WHERE a.attrelid = ANY('{deliveries, events, attempts}'::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped
			AND NOT (a.attrelid = 'deliveries'::regclass AND a.attname = ANY('{dispatch_at, slot_until, status, reason, attempts}'))
		ORDER BY a.attrelid, a.attnum
	LOOP
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', c.of, c.name);
	END LOOP;
END $$;
-- +goose StatementEnd

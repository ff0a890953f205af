-- What says whether a delivery waits changes by the second, and statistics of it seldom:
-- those of a moment at which nothing waits have the planner read all that waits, once for
-- each webhook with a queue. Without them it has the plan that the statements are written
-- for. Those that are there can be removed by a superuser alone. Code of earlier versions
-- goes on working while this runs.

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{dispatch_at, slot_until, status, reason, attempts}'::text[] LOOP
		EXECUTE format('ALTER TABLE deliveries ALTER COLUMN %I SET STATISTICS 0', name);
	END LOOP;
	IF current_setting('is_superuser') = 'on' THEN
		DELETE FROM pg_statistic s USING pg_attribute a
		WHERE s.starelid = 'deliveries'::regclass AND a.attrelid = s.starelid AND a.attnum = s.staattnum
			AND a.attname = ANY('{dispatch_at, slot_until, status, reason, attempts}');
	END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
ALTER TABLE deliveries ALTER COLUMN dispatch_at SET STATISTICS -1, ALTER COLUMN slot_until SET STATISTICS -1,
	ALTER COLUMN status SET STATISTICS -1, ALTER COLUMN reason SET STATISTICS -1, ALTER COLUMN attempts SET STATISTICS -1;

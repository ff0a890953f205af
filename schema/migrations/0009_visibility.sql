-- Who sees an event: what lists of one user's events need. Code of version 8
-- goes on working while this runs; what it makes of combinations and tests in
-- the meantime is seen by all members of the project.

-- +goose Up
ALTER TABLE events
    -- The only user who sees it although it happened in a project: it was made for
    -- a webhook of that user alone, as a test or by a combination. NULL = every member.
    ADD COLUMN private_to text COLLATE "C";
UPDATE events e SET private_to = coalesce(w.owner_id, '')
FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id
WHERE d.event_id = e.id AND e.project_ids IS NOT NULL;
-- Operational events of an owner, the newest first.
CREATE INDEX events_of_owner ON events (owner_id, accepted_at DESC, id DESC) WHERE owner_id IS NOT NULL;

-- +goose Down
DROP INDEX events_of_owner;
ALTER TABLE events DROP COLUMN private_to;

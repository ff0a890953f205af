-- Ids of redeliveries begin with rdl_, as those that are made from now on. One that
-- runs gets a workflow under its new id at once; the workflow under the old id finds
-- no such redelivery with its next step and ends. Links to old ids stop working.
-- This locks only the rows that it changes: code of this version works while it runs.

-- +goose Up
UPDATE deliveries SET redelivery_id = 'rdl_' || substr(redelivery_id, 5) WHERE redelivery_id LIKE 'rec\_%';
UPDATE redeliveries SET id = 'rdl_' || substr(id, 5),
    dispatch_at = CASE WHEN status = 'running' AND kind = 'redelivery' THEN now() ELSE dispatch_at END WHERE id LIKE 'rec\_%';

-- +goose Down
UPDATE deliveries SET redelivery_id = 'rec_' || substr(redelivery_id, 5) WHERE redelivery_id LIKE 'rdl\_%';
UPDATE redeliveries SET id = 'rec_' || substr(id, 5),
    dispatch_at = CASE WHEN status = 'running' AND kind = 'redelivery' THEN now() ELSE dispatch_at END WHERE id LIKE 'rdl\_%';

-- Sending again is called redelivery everywhere; a recovery is the probing of a
-- webhook that health switched off. This gives the tables, columns, constraints and
-- indexes the new word; no row is read. Code of the version before does not work
-- with it: stop that first. What the audit log holds keeps its words.

-- +goose Up
ALTER TABLE recoveries RENAME TO redeliveries;
ALTER TABLE redeliveries RENAME CONSTRAINT recoveries_pkey TO redeliveries_pkey;
ALTER TABLE redeliveries RENAME CONSTRAINT recoveries_check TO redeliveries_check;
ALTER TABLE redeliveries RENAME CONSTRAINT recoveries_check1 TO redeliveries_check1;
ALTER TABLE redeliveries RENAME CONSTRAINT recoveries_kind_check TO redeliveries_kind_check;
ALTER TABLE redeliveries RENAME CONSTRAINT recoveries_status_check TO redeliveries_status_check;
ALTER TABLE redeliveries RENAME CONSTRAINT recoveries_webhook_id_fkey TO redeliveries_webhook_id_fkey;
ALTER INDEX recoveries_due RENAME TO redeliveries_due;
ALTER INDEX recoveries_of_webhook RENAME TO redeliveries_of_webhook;
ALTER TABLE deliveries RENAME COLUMN recovery_id TO redelivery_id;
ALTER INDEX deliveries_of_recovery RENAME TO deliveries_of_redelivery;
ALTER INDEX deliveries_amiss_of_recovery RENAME TO deliveries_amiss_of_redelivery;

-- +goose Down
ALTER INDEX deliveries_amiss_of_redelivery RENAME TO deliveries_amiss_of_recovery;
ALTER INDEX deliveries_of_redelivery RENAME TO deliveries_of_recovery;
ALTER TABLE deliveries RENAME COLUMN redelivery_id TO recovery_id;
ALTER INDEX redeliveries_of_webhook RENAME TO recoveries_of_webhook;
ALTER INDEX redeliveries_due RENAME TO recoveries_due;
ALTER TABLE redeliveries RENAME CONSTRAINT redeliveries_webhook_id_fkey TO recoveries_webhook_id_fkey;
ALTER TABLE redeliveries RENAME CONSTRAINT redeliveries_status_check TO recoveries_status_check;
ALTER TABLE redeliveries RENAME CONSTRAINT redeliveries_kind_check TO recoveries_kind_check;
ALTER TABLE redeliveries RENAME CONSTRAINT redeliveries_check1 TO recoveries_check1;
ALTER TABLE redeliveries RENAME CONSTRAINT redeliveries_check TO recoveries_check;
ALTER TABLE redeliveries RENAME CONSTRAINT redeliveries_pkey TO recoveries_pkey;
ALTER TABLE redeliveries RENAME TO recoveries;

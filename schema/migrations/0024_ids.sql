-- Ids that host applications have hold more than letters and digits: mail
-- addresses, auth0|123, gid://shop/Product/1. Code of version 12 goes on working
-- while this runs, and takes no such ids itself.
--
-- NOT VALID: each row passes, as the old checks allowed less, so that the tables
-- need not be read under a lock.

-- +goose Up
ALTER TABLE companies DROP CONSTRAINT companies_id_check, ADD CONSTRAINT companies_id_check
    CHECK (length(id) BETWEEN 1 AND 128 AND id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]') NOT VALID;
ALTER TABLE projects DROP CONSTRAINT projects_id_check, ADD CONSTRAINT projects_id_check
    CHECK (length(id) BETWEEN 1 AND 128 AND id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]') NOT VALID;
ALTER TABLE users DROP CONSTRAINT users_id_check, ADD CONSTRAINT users_id_check
    CHECK (length(id) BETWEEN 1 AND 128 AND id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]') NOT VALID;
ALTER TABLE events DROP CONSTRAINT events_id_check, ADD CONSTRAINT events_id_check
    CHECK (length(id) BETWEEN 1 AND 128 AND id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]') NOT VALID;

-- +goose Down
ALTER TABLE events DROP CONSTRAINT events_id_check, ADD CONSTRAINT events_id_check
    CHECK (length(id) BETWEEN 1 AND 128 AND id !~ '[^A-Za-z0-9._:-]') NOT VALID;
ALTER TABLE users DROP CONSTRAINT users_id_check, ADD CONSTRAINT users_id_check CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$') NOT VALID;
ALTER TABLE projects DROP CONSTRAINT projects_id_check, ADD CONSTRAINT projects_id_check CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$') NOT VALID;
ALTER TABLE companies DROP CONSTRAINT companies_id_check, ADD CONSTRAINT companies_id_check CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$') NOT VALID;

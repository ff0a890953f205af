-- The web app takes its language from the user once somebody has chosen one; before,
-- it goes by the browser's. English may be either, so that is kept beside it. Code of
-- earlier versions goes on working while this runs: the column has a default.

-- +goose Up
ALTER TABLE users ADD COLUMN locale_chosen boolean NOT NULL DEFAULT false;
UPDATE users SET locale_chosen = true WHERE locale <> 'en';

-- +goose Down
ALTER TABLE users DROP COLUMN locale_chosen;

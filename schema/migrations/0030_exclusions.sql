-- Rules say what they leave out (not_events), and patterns may have their star at
-- the beginning (*_CREATED). Code of the version before goes on working while this
-- runs. Until it is gone it sends what a rule of the new version leaves out, and
-- finds no suffixes.
--
-- What a rule leaves out is a row of rule_keys without a webhook, under the scopes
-- of the rule: the look-up that finds the rule finds it too. Older code takes it
-- for a webhook that is gone.

-- +goose Up
ALTER TABLE rules
    ADD COLUMN not_events text[] NOT NULL DEFAULT '{}',
    -- A combination has it in its parts. There is no row yet that could break this.
    ADD CONSTRAINT rules_not_events_check CHECK (cardinality(not_events) = 0 OR combination IS NULL) NOT VALID;
ALTER TABLE rule_prefixes
    DROP CONSTRAINT rule_prefixes_pattern_check,
    ADD CONSTRAINT rule_prefixes_pattern_check CHECK (pattern LIKE '%*' OR pattern LIKE '*%') NOT VALID;

-- +goose Down
DELETE FROM rule_keys WHERE webhook_id = '' OR pattern LIKE '*_%';
DELETE FROM rule_prefixes WHERE pattern NOT LIKE '%*';
ALTER TABLE rule_prefixes
    DROP CONSTRAINT rule_prefixes_pattern_check,
    ADD CONSTRAINT rule_prefixes_pattern_check CHECK (pattern LIKE '%*');
ALTER TABLE rules DROP COLUMN not_events;

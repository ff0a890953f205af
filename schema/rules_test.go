package schema_test

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/schema"
)

// rulesFrom is the first migration that the rules for large tables are for; those
// before it are in use, and ran while tables were small.
const rulesFrom = 13

// large are the tables that get rows for events, attempts, hours or requests.
const large = `(events|deliveries|attempts|health_counts|audit_log|window_events|combination_parts|idempotency_keys)`

// refused is what no migration may do to a large table, unless another pattern
// matches too, and what to do instead.
var refused = []struct {
	statement, unless *regexp.Regexp
	remedy            string
}{
	{
		regexp.MustCompile(`(?i)^CREATE (UNIQUE )?INDEX (CONCURRENTLY )?(IF NOT EXISTS )?\w+ ON (ONLY )?` + large + `\b`), regexp.MustCompile(`(?i)^CREATE (UNIQUE )?INDEX CONCURRENTLY \w+ ON `),
		"nothing is written while it is built: use CREATE INDEX CONCURRENTLY name, without IF NOT EXISTS, which would keep one that was built in part",
	},
	{
		regexp.MustCompile(`(?is)^ALTER TABLE (ONLY )?` + large + `\b.*\bADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY)\b`), regexp.MustCompile(`(?i)\bNOT VALID\b`),
		"the table is read under a lock: add it NOT VALID, and VALIDATE CONSTRAINT it in a migration of its own",
	},
	{
		regexp.MustCompile(`(?is)^ALTER TABLE (ONLY )?` + large + `\b.*\b(SET NOT NULL|SET DATA TYPE|ALTER (COLUMN )?\w+ TYPE)\b`), nil,
		"the table is read or written anew under a lock: add a column or a constraint NOT VALID, and fill it in steps",
	},
}

// problem says what is wrong with one statement; "" = nothing is.
func problem(statement string) string {
	for _, r := range refused {
		if r.statement.MatchString(statement) && (r.unless == nil || !r.unless.MatchString(statement)) {
			return r.remedy
		}
	}
	return ""
}

var concurrently = regexp.MustCompile(`(?i)^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+)`)

// problems says what is wrong with the way up of a migration.
func problems(text string) (all []string) {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	statements := statementsOf(up)
	for i, statement := range statements {
		if p := problem(statement); p != "" {
			all = append(all, statement+": "+p)
		}
		m := concurrently.FindStringSubmatch(statement)
		if m == nil {
			continue
		}
		if !strings.Contains(text, "-- +goose NO TRANSACTION") || statements[0] != "SET lock_timeout = 0" {
			all = append(all, statement+": needs -- +goose NO TRANSACTION, and SET lock_timeout = 0 first: it waits for old transactions and lets all others pass")
		}
		if i == 0 || statements[i-1] != "DROP INDEX CONCURRENTLY IF EXISTS "+m[1] {
			all = append(all, statement+": needs DROP INDEX CONCURRENTLY IF EXISTS "+m[1]+" before it, for one that was built in part")
		}
	}
	return all
}

var statementEnd = regexp.MustCompile(`(?m);\s*$`)

// statementsOf splits what has no function in it. A statement ends with its line.
func statementsOf(text string) (all []string) {
	text = regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(text, "")
	for _, statement := range statementEnd.Split(text, -1) {
		if statement = strings.Join(strings.Fields(statement), " "); statement != "" {
			all = append(all, statement)
		}
	}
	return all
}

// TestMigrations_LeaveLargeTablesToTheOthers: beside lock_timeout, which bounds how
// long a migration waits for a table, these bound how long it keeps one.
func TestMigrations_LeaveLargeTablesToTheOthers(t *testing.T) {
	files, err := fs.Glob(schema.Migrations(), "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		version, err := strconv.Atoi(file[:4])
		require.NoError(t, err, file)
		if version < rulesFrom {
			continue
		}
		text, err := fs.ReadFile(schema.Migrations(), file)
		require.NoError(t, err)
		require.Empty(t, problems(string(text)), file)
	}
}

func TestMigrations_RulesForLargeTables(t *testing.T) {
	const built = "-- +goose NO TRANSACTION\n-- +goose Up\nSET lock_timeout = 0;\nDROP INDEX CONCURRENTLY IF EXISTS a;\nCREATE INDEX CONCURRENTLY a ON events (id);\n-- +goose Down\nDROP INDEX a;\n"
	for text, wrong := range map[string]int{
		built: 0,
		strings.Replace(built, "-- +goose NO TRANSACTION\n", "", 1):                           1,
		strings.Replace(built, "SET lock_timeout = 0;\n", "", 1):                              1,
		strings.Replace(built, "DROP INDEX CONCURRENTLY IF EXISTS a;\n", "", 1):               1,
		"CREATE INDEX a ON deliveries (id);":                                                  1,
		"create unique index a on deliveries (id);":                                           1,
		"CREATE INDEX a ON companies (id);":                                                   0,
		"ALTER TABLE events ADD COLUMN x int;":                                                0,
		"ALTER TABLE events\n\tADD CONSTRAINT c CHECK (x > 0); -- NOT VALID":                  1,
		"ALTER TABLE events ADD CONSTRAINT c CHECK (x > 0) NOT VALID;":                        0,
		"ALTER TABLE events VALIDATE CONSTRAINT c;":                                           0,
		"ALTER TABLE attempts ALTER COLUMN number SET NOT NULL;":                              1,
		"ALTER TABLE attempts ALTER number TYPE bigint;":                                      1,
		"-- +goose Up\nSELECT 1;\n-- +goose Down\nCREATE INDEX a ON deliveries (id);":         0,
		"ALTER TABLE webhooks ADD CONSTRAINT c CHECK (true), ALTER COLUMN name SET NOT NULL;": 0,
	} {
		require.Len(t, problems(text), wrong, text)
	}
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// topStatements is how many statements of each side are listed by their time.
const topStatements = 6

// statement is one kind of statement that Postgres counted.
type statement struct {
	database     string
	text         string
	calls        int64
	milliseconds float64
	blocks       int64 // pages touched, in memory or not
	rows         int64
}

// topStatement is one of those that took the most time.
type topStatement struct {
	Database     string  `json:"database"`
	Calls        float64 `json:"calls"`        // per event, or per delivery for Temporal
	Milliseconds float64 `json:"milliseconds"` // likewise
	Share        float64 `json:"share"`        // of the time of its side
	Statement    string  `json:"statement"`
}

func (p *postgres) resetStatements(ctx context.Context) error {
	if _, err := p.admin.ExecContext(ctx, `SELECT pg_stat_statements_reset()`); err != nil {
		return fmt.Errorf("reset the statement counts: %w", err)
	}
	return nil
}

// statements is what was run since the reset, by the product and by Temporal.
func (p *postgres) statements(ctx context.Context) ([]statement, error) {
	rows, err := p.admin.QueryContext(ctx, `
		SELECT d.datname, s.query, s.calls, s.total_exec_time, s.shared_blks_hit + s.shared_blks_read, s.rows
		FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
		WHERE d.datname = ANY($1)`, pq.Array([]string{p.name, temporalDatabase, visibilityDatabase}))
	if err != nil {
		return nil, fmt.Errorf("read the statement counts: %w", err)
	}
	defer rows.Close()
	var all []statement
	for rows.Next() {
		var s statement
		if err := rows.Scan(&s.database, &s.text, &s.calls, &s.milliseconds, &s.blocks, &s.rows); err != nil {
			return nil, fmt.Errorf("read the statement counts: %w", err)
		}
		if s.database == p.name {
			s.database = productDatabase
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// ofProduct parts the product's statements from Temporal's.
func ofProduct(all []statement) (product, temporal []statement) {
	for _, s := range all {
		if s.database == productDatabase {
			product = append(product, s)
		} else {
			temporal = append(temporal, s)
		}
	}
	return product, temporal
}

// bracket says whether the statement only begins or ends a transaction.
func (s statement) bracket() bool {
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s.text)), " ")
	return slices.Contains([]string{"begin", "start", "commit", "end", "rollback", "abort"}, first)
}

func countStatements(statements []statement, per int) statementCount {
	var plain, brackets int64
	var ms float64
	for _, s := range statements {
		ms += s.milliseconds
		if s.bracket() {
			brackets += s.calls
		} else {
			plain += s.calls
		}
	}
	return statementCount{Statements: share(float64(plain), per), Transactions: share(float64(brackets), per), Milliseconds: share(ms, per)}
}

func share(total float64, per int) float64 { return ratio(total, float64(per)) }

// top lists the statements that took the most time together.
func top(statements []statement, per int) []topStatement {
	all := 0.0
	for _, s := range statements {
		all += s.milliseconds
	}
	sorted := slices.Clone(statements)
	slices.SortFunc(sorted, func(a, b statement) int { return cmp.Compare(b.milliseconds, a.milliseconds) })
	var out []topStatement
	for _, s := range sorted[:min(len(sorted), topStatements)] {
		out = append(out, topStatement{
			Database: s.database, Calls: share(float64(s.calls), per), Milliseconds: share(s.milliseconds, per),
			Share: ratio(s.milliseconds, all), Statement: oneLine(s.text),
		})
	}
	return out
}

// oneLine is the statement with its white space folded.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

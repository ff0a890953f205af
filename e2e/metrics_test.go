package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// promtool runs Prometheus's own checker.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// requiredMetrics are those that rules and dashboards may rely on in every process
// with all roles, from its start.
var requiredMetrics = []string{
	"godwit_build_info", "godwit_events_accepted_total", "godwit_events_duplicate_total", "godwit_events_rejected_total", "godwit_matches_total",
	"godwit_request_duration_seconds_bucket", "godwit_attempts_total", "godwit_retries_total", "godwit_deliveries_ended_total", "godwit_attempt_duration_seconds_bucket",
	"godwit_first_attempt_delay_seconds_bucket", "godwit_delivery_delay_seconds_bucket", "godwit_deliveries", "godwit_oldest_delivery_seconds", "godwit_dispatch_lag_seconds",
	"godwit_attempts_under_way", "godwit_attempts_room", "godwit_outcomes_unwritten", "godwit_health_transitions_total", "godwit_redelivered_total", "godwit_redeliveries_running",
	"godwit_combination_windows", "godwit_ledger_differences", "godwit_retention_running", "godwit_database_lock_waits", "godwit_database_repeats_total",
	"godwit_clock_offset_seconds", "godwit_filter_failures_total", "godwit_notices_total", "godwit_judging", "go_sql_in_use_connections", "temporal_request_total",
}

var (
	seriesName  = regexp.MustCompile(`(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ]`)
	namedSeries = regexp.MustCompile(`\b(?:godwit|temporal|go|process)_[a-z_]+\b`)
)

// seriesOf lists the series of a process once it has delivered something.
func seriesOf(t *testing.T) (text string, names []string) {
	t.Helper()
	p := sharedStack(t).standalone
	s := newStage(t, p)
	r := newReceiver(t, func(int, request) int { return http.StatusOK })
	s.webhook(t, r.URL, nil)
	s.delivery(t, s.post(t), status("succeeded"))
	text = metrics(t, p)
	for _, found := range seriesName.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return text, slices.Compact(names)
}

func TestMetrics_AreCompleteAndClean(t *testing.T) {
	text, names := seriesOf(t)
	require.Subset(t, names, requiredMetrics)
	require.Regexp(t, `(?m)^godwit_events_accepted_total [1-9]`, text)
	require.Regexp(t, `(?m)^godwit_deliveries_ended_total\{status="succeeded"\} [1-9]`, text)
	require.Regexp(t, `(?m)^godwit_first_attempt_delay_seconds_count [1-9]`, text)
	promtool(t, text, "check", "metrics")
	require.Less(t, strings.Count(text, "\n"), 4000, "labels are bounded")
}

// TestMetrics_AreThoseOfRulesAndDashboards: a rule about a series that is not there
// never fires.
func TestMetrics_AreThoseOfRulesAndDashboards(t *testing.T) {
	_, names := seriesOf(t)
	names = append(names, "temporal_request_failure_total", "godwit_retention_removed_rows_total") // not before there is one
	for file, queries := range map[string][]string{
		"prometheus/rules.yml": ruleQueries(t), "grafana/godwit.json": dashboardQueries(t),
	} {
		require.Greater(t, len(queries), 15, file)
		for _, query := range queries {
			for _, name := range namedSeries.FindAllString(query, -1) {
				require.Contains(t, names, name, "%s: %s", file, query)
			}
		}
	}
}

func ruleQueries(t *testing.T) (queries []string) {
	t.Helper()
	text, err := os.ReadFile("../deploy/prometheus/rules.yml")
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?m)^        expr: (?:>-\n((?:          .*\n)+)|(.*))`).FindAllStringSubmatch(string(text), -1) {
		queries = append(queries, found[1]+found[2])
	}
	return queries
}

// dashboardQueries are those of the dashboard's panels, with Grafana's variables
// filled in. Each is one that Prometheus can parse.
func dashboardQueries(t *testing.T) (queries []string) {
	t.Helper()
	text, err := os.ReadFile("../deploy/grafana/godwit.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			query := strings.NewReplacer("$__rate_interval", "1m", "$job", "godwit").Replace(target.Expr)
			require.NotContains(t, query, "$", panel.Title)
			queries, rules = append(queries, query), append(rules, rule{"a:b", query})
		}
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	all, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": rules}}}) // JSON is YAML
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, all, 0o600))
	promtool(t, "", "check", "rules", "--lint=none", file)
	return queries
}

package godwit_test

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// tool runs a program that scripts/setup installs.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

func TestAlerts_FireWhenTheyShould(t *testing.T) {
	tool(t, "promtool", "check", "config", "deploy/prometheus/prometheus.yml")
	tool(t, "promtool", "test", "rules", "deploy/prometheus/rules_test.yml")
}

// TestAlerts_EachHasATestAndARunbook: the link leads to a heading that is there.
func TestAlerts_EachHasATestAndARunbook(t *testing.T) {
	rules, tests, runbook := read(t, "deploy/prometheus/rules.yml"), read(t, "deploy/prometheus/rules_test.yml"), read(t, "docs/alerts.md")
	alerts := regexp.MustCompile(`(?ms)^      - alert: (\w+)\n.*?runbook_url: docs/alerts\.md#(\w+)$`).FindAllStringSubmatch(rules, -1)
	require.Len(t, alerts, len(regexp.MustCompile(`- alert: `).FindAllString(rules, -1)))
	for _, alert := range alerts {
		require.Regexp(t, `(?i)^`+alert[1]+`$`, alert[2])
		require.Contains(t, runbook, "\n## "+alert[1]+"\n")
		require.Regexp(t, `alertname: `+alert[1]+`\n +eval_time: \w+\n +exp_alerts:`, tests, "no test has it fire")
	}
	headings := regexp.MustCompile(`(?m)^## Godwit\w`).FindAllString(runbook, -1)
	require.Len(t, headings, len(alerts), "of an alert that is no more")
}

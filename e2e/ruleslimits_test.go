package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repeated gives n different entries.
func repeated(n int, pattern string) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(pattern, i))
	}
	return out
}

// combination makes a combination rule; fields override it.
func combination(fields map[string]any) []any {
	rule := map[string]any{"all_of": []any{part("TODO_CREATED"), part("TODO_DELETED")}, "within": "1h"}
	for name, value := range fields {
		rule[name] = value
	}
	return []any{rule}
}

func parts(n int) []any {
	var out []any
	for range n {
		out = append(out, part("TODO_CREATED"))
	}
	return out
}

// limit is a row of the page's table, with rules that just fit and rules that
// don't.
type limit struct {
	row          string
	fits, passes []any
	pointer      string
}

func limitsOf(c *stageClient) []limit {
	plain := func(fields map[string]any) []any { return []any{c.rule(fields)} }
	named := func(n int) map[string]any { return map[string]any{"events": repeated(n, "A%d_*")} }
	nested := func(n int) map[string]any {
		return map[string]any{"filter": strings.Repeat("(", n-1) + "true" + strings.Repeat(")", n-1)}
	}
	filter := func(source string) map[string]any { return map[string]any{"filter": source} }
	loops := func(n int) map[string]any {
		return filter(strings.Repeat("[1].exists(x, ", n) + "true" + strings.Repeat(")", n))
	}
	filters := func(n int) (rules []any) { // of 4 KiB each
		for range n {
			rules = append(rules, c.rule(filter("true"+strings.Repeat(" ", 4092))))
		}
		return rules
	}
	var fifty, grid []any
	for range 50 {
		fifty, grid = append(fifty, c.rule(nil)), append(grid, c.rule(named(200)))
	}
	more := append(slices.Clone(grid[:49]), c.rule(named(101)))
	more[49].(map[string]any)["companies"] = []string{c.prefix + "c"} // and the project
	with := func(name string, value any) []any { return combination(map[string]any{name: value}) }
	return []limit{
		{"| rules of a webhook | 50 |", fifty, append(slices.Clone(fifty), c.rule(nil)), "/rules"},
		{"entries of `events`, `not_events`, `projects` and `companies`, each | 200 |", plain(named(200)), plain(named(201)), "/rules/0/events"},
		{"times projects and companies | 10,000 |", grid, more, "/rules"},
		{"| a filter | 4,096 bytes, 50 levels |", plain(nested(50)), plain(nested(51)), "/rules/0/filter"},
		{"| a filter | 4,096 bytes", plain(filter("true" + strings.Repeat(" ", 4092))), plain(filter("true" + strings.Repeat(" ", 4093))), "/rules/0/filter"},
		{"within one another | 8 |", plain(loops(8)), plain(loops(9)), "/rules/0/filter"},
		{"| all filters of a webhook together | 64 KiB |", filters(16), filters(17), "/rules"},
		{"about 1,000 characters", plain(filter("type.matches('x{900}')")), plain(filter("type.matches('x{900}') || type.matches('y{200}')")), "/rules/0/filter"},
		{"| parts of `all_of` | 2 to 5 |", with("all_of", parts(5)), with("all_of", parts(6)), "/rules/0/all_of"},
		{"| parts of `all_of` | 2", with("all_of", parts(2)), with("all_of", parts(1)), "/rules/0/all_of"},
		{"| parts of `none_of` | 5 |", with("none_of", parts(5)), with("none_of", parts(6)), "/rules/0/none_of"},
		{"| `within` | 1 second to 30 days |", with("within", "30d"), with("within", "30d1s"), "/rules/0/within"},
		{"| `within` | 1 second", with("within", "1s"), with("within", "999ms"), "/rules/0/within"},
		{"| `same` | 256 bytes, 16 names |", with("same", "current"+strings.Repeat(".a", 15)), with("same", "current"+strings.Repeat(".a", 16)), "/rules/0/same"},
		{"| `same` | 256 bytes", with("same", "current."+strings.Repeat("a", 248)), with("same", "current."+strings.Repeat("a", 249)), "/rules/0/same"},
	}
}

// TestLimitsOfRules holds the page's table of limits to what is accepted and
// refused.
func TestLimitsOfRules(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	text, err := os.ReadFile(rulesPage)
	require.NoError(t, err)
	ask := func(rules []any) reply {
		return c.send(t, http.MethodPost, "/v1/webhooks/preview", map[string]any{"rules": rules})
	}
	for _, l := range limitsOf(c) {
		require.Contains(t, string(text), l.row)
		fits := ask(l.fits)
		require.Equal(t, http.StatusOK, fits.status, "%s: %s", l.row, fits.raw)
		require.Contains(t, pointers(t, ask(l.passes)), l.pointer, l.row)
	}
}

func TestAnEmptyListCountsAsLeftOut(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	second := c.project(t, "p2", true)
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"rules": []any{c.rule(nil)}})["id"].(string)
	_, matched := c.happen(t, map[string]any{"project_id": second})
	require.Zero(t, matched)
	c.patch(t, w, map[string]any{"rules": []any{c.rule(map[string]any{"projects": []string{}})}})
	_, matched = c.happen(t, map[string]any{"project_id": second})
	require.Equal(t, 1, matched)
}

func TestAnArchivedTypeGoesOnWhereItIsNamed(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	own := c.prefix + "OWN"
	put := func(archived bool) {
		c.put(t, "/v1/event-types/"+own, map[string]any{"group": "g", "description": "d", "archived": archived})
	}
	put(false)
	named := c.rule(map[string]any{"events": []string{own}})
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"rules": []any{named}})["id"].(string)
	put(true)
	id, matched := c.happen(t, map[string]any{"type": own})
	require.Equal(t, 1, matched)
	c.delivery(t, id, status("succeeded"))
	require.Empty(t, c.unreachable(t, w))
	require.Len(t, c.patch(t, w, map[string]any{"rules": []any{named, c.rule(nil)}})["rules"], 2, "a rule that stays as it is")
	stricter := []any{c.rule(map[string]any{"events": []string{own}, "filter": "current.n > 1"})}
	require.Contains(t, pointers(t, c.send(t, http.MethodPatch, "/v1/webhooks/"+w, map[string]any{"rules": stricter})), "/rules/0/events/0")
	put(false)
	c.patch(t, w, map[string]any{"rules": stricter})
}

package workflows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/workflows"
)

func claimOf(n int) hook.Claim {
	return hook.Claim{DeliveryID: fmt.Sprintf("dlv_%d", n), WebhookID: "wh_1", EventID: "e1", EventType: "TODO_CREATED", CompanyID: "c1", Host: "hooks.example.com"}
}

func TestSummary_SaysWhatGoesWhere(t *testing.T) {
	for want, change := range map[string]func(*hook.Claim){
		"TODO_CREATED -> hooks.example.com":              func(*hook.Claim) {},
		"TODO_CREATED -> hooks.example.com, attempt 2/5": func(c *hook.Claim) { c.Attempts = 1 },
		"TODO_CREATED -> hooks.example.com, attempt 5/5": func(c *hook.Claim) { c.Attempts = 4 },
		"TODO_CREATED -> wh_1":                           func(c *hook.Claim) { c.Host = "" },
	} {
		c := claimOf(1)
		change(&c)
		require.Equal(t, want, workflows.SummaryOf(c))
	}
	c := claimOf(1)
	c.Attempts = 5 // all are used: a workflow that only settles it
	require.Equal(t, "TODO_CREATED -> hooks.example.com", workflows.SummaryOf(c))
	c.EventType = strings.Repeat("é", 400)
	require.LessOrEqual(t, len(workflows.SummaryOf(c)), 400)
	require.NotContains(t, workflows.SummaryOf(c), "\ufffd")
}

func TestSummary_OfABatchSaysWhatItsDeliveriesShare(t *testing.T) {
	claims := []hook.Claim{claimOf(1), claimOf(2), claimOf(3)}
	require.Equal(t, "3 deliveries: TODO_CREATED -> hooks.example.com", workflows.SummaryOfBatch(claims, 1))
	claims[2].EventType, claims[2].Host = "TODO_DELETED", "another.example.com"
	require.Equal(t, "3 deliveries: events -> 2 webhooks", workflows.SummaryOfBatch(claims, 2))
}

func TestDetails_LeadToTheDelivery(t *testing.T) {
	c := workflows.NewClient(nil, 0)
	require.Equal(t, "Delivery `dlv_1` of event `e1` to webhook `wh_1`", c.DetailsOf(claimOf(1)))
	c.Page = func(id string) string { return "https://godwit.example/deliveries/" + id }
	require.Contains(t, c.DetailsOf(claimOf(1)), "[dlv_1](https://godwit.example/deliveries/dlv_1)")
	var claims []hook.Claim
	for n := range 200 {
		claims = append(claims, claimOf(n))
	}
	text := c.DetailsOfBatch(claims)
	require.Contains(t, text, "[dlv_19](https://godwit.example/deliveries/dlv_19)")
	require.NotContains(t, text, "dlv_20]")
	require.Contains(t, text, "and 180 more")
	require.Less(t, len(text), 4000)
}

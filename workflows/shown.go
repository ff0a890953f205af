package workflows

import (
	"cmp"
	"fmt"
	"strings"

	"godwit/internal/hook"
)

// What a person reads of a workflow in the Temporal Web UI: a line in the list, and
// details in Markdown. Of a URL they have the host alone.

const (
	// maxSummary is how many bytes Temporal takes for a summary.
	maxSummary = 400
	// maxNamed is how many deliveries of a batch its details name; the search attribute
	// DeliveryIds has all.
	maxNamed = 20
)

// summaryOf is such as "TODO_CREATED -> hooks.example.com, attempt 2/5": the attempt
// is the next one when the workflow starts.
func summaryOf(c hook.Claim) string {
	text := fmt.Sprintf("%s -> %s", c.EventType, cmp.Or(c.Host, c.WebhookID))
	if next := c.Attempts + 1; next > 1 && next <= hook.MaxAttempts {
		text += fmt.Sprintf(", attempt %d/%d", next, hook.MaxAttempts)
	}
	return cut(text)
}

// summaryOfBatch names what the deliveries have in common.
func summaryOfBatch(claims []hook.Claim, webhooks int) string {
	what, where := "events", fmt.Sprintf("%d webhooks", webhooks)
	if distinct(claims, func(c hook.Claim) string { return c.EventType }) == 1 {
		what = claims[0].EventType
	}
	if distinct(claims, func(c hook.Claim) string { return c.Host }) == 1 && claims[0].Host != "" {
		where = claims[0].Host
	}
	return cut(fmt.Sprintf("%d deliveries: %s -> %s", len(claims), what, where))
}

// detailsOf leads to the delivery's page.
func (c *Client) detailsOf(claim hook.Claim) string {
	return fmt.Sprintf("Delivery %s of event `%s` to webhook `%s`", c.named(claim.DeliveryID), claim.EventID, claim.WebhookID)
}

func (c *Client) detailsOfBatch(claims []hook.Claim) string {
	var b strings.Builder
	b.WriteString("These deliveries share a workflow, because they came faster than workflows start. One whose first attempt fails goes on in a workflow for itself.\n")
	for i, claim := range claims {
		if i == maxNamed {
			fmt.Fprintf(&b, "- and %d more: see the search attribute DeliveryIds\n", len(claims)-maxNamed)
			break
		}
		fmt.Fprintf(&b, "- %s: %s -> %s\n", c.named(claim.DeliveryID), claim.EventType, cmp.Or(claim.Host, claim.WebhookID))
	}
	return b.String()
}

// named is a delivery's id, as a link where there is a page.
func (c *Client) named(deliveryID string) string {
	if c.Page != nil {
		if page := c.Page(deliveryID); page != "" {
			return fmt.Sprintf("[%s](%s)", deliveryID, page)
		}
	}
	return "`" + deliveryID + "`"
}

func cut(text string) string {
	if len(text) <= maxSummary {
		return text
	}
	return strings.ToValidUTF8(text[:maxSummary], "")
}

// distinct counts the values of a column.
func distinct(claims []hook.Claim, column func(hook.Claim) string) int {
	values := map[string]bool{}
	for _, c := range claims {
		values[column(c)] = true
	}
	return len(values)
}

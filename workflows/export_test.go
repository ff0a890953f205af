package workflows

import "godwit/internal/hook"

// What people read of workflows, for tests.
var (
	SummaryOf      = summaryOf
	SummaryOfBatch = summaryOfBatch
)

// DetailsOf is detailsOf.
func (c *Client) DetailsOf(claim hook.Claim) string { return c.detailsOf(claim) }

// DetailsOfBatch is detailsOfBatch.
func (c *Client) DetailsOfBatch(claims []hook.Claim) string { return c.detailsOfBatch(claims) }

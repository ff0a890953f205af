package main

import (
	"context"
	"fmt"
	"net/http"
)

// matchingEvents is how many events of each kind are published at each level.
const matchingEvents = 500

// levels are the numbers of stored webhooks that don't match.
func levels() []int { return []int{100, 10_000, 100_000} }

// matchingResult is what accepting an event costs while so many webhooks that
// don't match it are stored.
type matchingResult struct {
	Stored  int        `json:"stored_webhooks"`
	None    ingestCost `json:"matching_none"`
	One     ingestCost `json:"matching_one"`
	Loading float64    `json:"loading_seconds"`
}

// ingestCost is of events that were published one after another.
type ingestCost struct {
	Accepted spread `json:"accepted"` // from the POST to the 202
	// What one event took in Postgres: statements (without BEGIN and COMMIT),
	// their time, and the pages that they touched, which no other load changes.
	Statements   float64 `json:"statements"`
	Milliseconds float64 `json:"sql_ms"`
	Blocks       float64 `json:"blocks"`
	// Ratio is the p50 of Accepted, BlocksRatio the pages, against the first level.
	Ratio       float64 `json:"ratio"`
	BlocksRatio float64 `json:"blocks_ratio"`
}

// matchingTypes: events of the first match no webhook of the project, events of
// the second match one. The bulk avoids both in this project, and uses both
// elsewhere.
func matchingTypes() (none, one string) { return "TODO_CREATED", "COMMENT_CREATED" }

func (b *bench) measureMatching(ctx context.Context) error {
	const project = "bench-matching"
	if err := b.putProject(ctx, project); err != nil {
		return err
	}
	template, err := b.subscribeHeld(ctx, project)
	if err != nil {
		return err
	}
	load := bulk{db: b.postgres.product, project: project, template: template}
	if err := load.directory(ctx); err != nil {
		return err
	}
	for _, level := range levels() {
		result, err := b.matchingAt(ctx, &load, level)
		if err != nil {
			return fmt.Errorf("with %d webhooks: %w", level, err)
		}
		if len(b.report.Matching) > 0 {
			first := b.report.Matching[0]
			result.None.compare(first.None)
			result.One.compare(first.One)
		}
		b.report.Matching = append(b.report.Matching, result)
	}
	return nil
}

// subscribeHeld makes the webhook that events of the second kind match. It is
// disabled: its deliveries are written and held, so that nothing but the ingest
// is under way while it is measured.
func (b *bench) subscribeHeld(ctx context.Context, project string) (string, error) {
	_, one := matchingTypes()
	id, err := b.subscribe(ctx, webhook{Name: "matching", URL: b.receiver.base + "/matching", Rules: []rule{{Events: []string{one}, Projects: []string{project}}}})
	if err != nil {
		return "", err
	}
	return id, b.api.call(ctx, http.MethodPatch, "/v1/webhooks/"+id, map[string]bool{"enabled": false}, nil)
}

func (b *bench) matchingAt(ctx context.Context, load *bulk, level int) (matchingResult, error) {
	b.progress("matching: storing webhooks up to %d", level)
	result := matchingResult{Stored: level}
	took, err := load.fillTo(ctx, level)
	if err != nil {
		return result, err
	}
	result.Loading = rounded(took.Seconds())
	none, one := matchingTypes()
	b.progress("matching: publishing with %d webhooks stored", level)
	if result.None, err = b.ingest(ctx, scene{project: load.project, eventType: none}, 0, level); err != nil {
		return result, err
	}
	result.One, err = b.ingest(ctx, scene{project: load.project, eventType: one}, 1, level)
	return result, err
}

// ingest publishes events one after another and measures what each costs.
func (b *bench) ingest(ctx context.Context, s scene, matches, level int) (ingestCost, error) {
	prefix := fmt.Sprintf("matching-%d-%d", level, matches)
	warm := load{prefix: prefix + "-warm", n: 50}
	if err := firstError(warm.flatOut(ctx, 1, b.publish(s, matches))); err != nil {
		return ingestCost{}, err
	}
	if err := b.postgres.resetStatements(ctx); err != nil {
		return ingestCost{}, err
	}
	shots := load{prefix: prefix, n: matchingEvents}.flatOut(ctx, 1, b.publish(s, matches))
	if err := firstError(shots); err != nil {
		return ingestCost{}, err
	}
	statements, err := b.postgres.statements(ctx)
	if err != nil {
		return ingestCost{}, err
	}
	product, _ := ofProduct(statements)
	count := countStatements(product, matchingEvents)
	c := ingestCost{
		Accepted: spreadOf(answerTimes(shots)), Statements: count.Statements, Milliseconds: count.Milliseconds,
		Blocks: blocksPer(product, matchingEvents),
	}
	c.compare(c)
	return c, nil
}

func blocksPer(statements []statement, per int) float64 {
	var blocks int64
	for _, s := range statements {
		blocks += s.blocks
	}
	return share(float64(blocks), per)
}

// compare relates the cost to that of the first level.
func (c *ingestCost) compare(first ingestCost) {
	c.Ratio = ratio(c.Accepted.P50, first.Accepted.P50)
	c.BlocksRatio = ratio(c.Blocks, first.Blocks)
}

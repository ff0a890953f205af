package main

import (
	"context"
	"fmt"
)

// levels are the numbers of stored webhooks that don't match.
func levels() []int { return []int{100, 10_000, 100_000} }

// matchingResult is what accepting an event costs while so many webhooks that
// don't match it are stored, beside the webhooks that do.
type matchingResult struct {
	Stored  int        `json:"stored_webhooks"`
	None    ingestCost `json:"matching_none"`
	One     ingestCost `json:"matching_one"`
	Ten     ingestCost `json:"matching_ten"`
	Loading float64    `json:"loading_seconds"`
}

// matchingTypes: events of the first match no webhook of the project, events of
// the second match one, of the third ten. The bulk avoids them in this project,
// and uses them elsewhere.
func matchingTypes() (none, one, ten string) {
	return "TODO_CREATED", "COMMENT_CREATED", "COMMENT_DELETED"
}

func (b *bench) measureMatching(ctx context.Context) error {
	load, err := b.crowd(ctx)
	if err != nil {
		return err
	}
	for _, level := range levels() {
		result, err := b.matchingAt(ctx, load, level)
		if err != nil {
			return fmt.Errorf("with %d webhooks: %w", level, err)
		}
		if len(b.report.Matching) > 0 {
			result.compare(b.report.Matching[0])
		}
		b.report.Matching = append(b.report.Matching, result)
	}
	return nil
}

// subscribeHeld makes the webhooks that match and gives the id of one of them.
// They are disabled: their deliveries are written and held, so that nothing but
// the ingest is under way while it is measured.
func (b *bench) subscribeHeld(ctx context.Context, project string) (string, error) {
	_, one, ten := matchingTypes()
	types := []string{one}
	for range 10 {
		types = append(types, ten)
	}
	var last string
	for _, name := range types {
		var err error
		w := webhook{Name: "matching", URL: b.receiver.base + "/matching", Rules: []rule{{Events: []string{name}, Projects: []string{project}}}}
		if last, err = b.create(ctx, w); err != nil {
			return "", err
		}
	}
	return last, nil
}

func (b *bench) matchingAt(ctx context.Context, load *bulk, level int) (matchingResult, error) {
	b.progress("matching: storing webhooks up to %d", level)
	result := matchingResult{Stored: level}
	took, err := load.fillTo(ctx, level)
	if err != nil {
		return result, err
	}
	result.Loading = rounded(took.Seconds())
	none, one, ten := matchingTypes()
	b.progress("matching: publishing with %d webhooks stored", level)
	for _, kind := range []struct {
		eventType string
		matches   int
		cost      *ingestCost
	}{{none, 0, &result.None}, {one, 1, &result.One}, {ten, 10, &result.Ten}} {
		s := scene{project: load.project, eventType: kind.eventType}
		if *kind.cost, err = b.ingest(ctx, fmt.Sprintf("matching-%d-%d", level, kind.matches), b.publish(s, kind.matches)); err != nil {
			return result, err
		}
	}
	return result, nil
}

// compare relates the costs to those of the first level.
func (r *matchingResult) compare(first matchingResult) {
	r.None.compare(first.None)
	r.One.compare(first.One)
	r.Ten.compare(first.Ten)
}

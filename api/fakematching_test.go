package api

import (
	"context"
	"errors"
	"strings"

	"godwit/internal/hook"
	"godwit/internal/match"
)

type matching struct{ *fake }

func (m matching) Preview(_ context.Context, q match.Question) (match.Preview, error) {
	m.question = q
	return m.preview, m.err
}

func (m matching) Search(_ context.Context, q match.Search) (match.Found, error) {
	m.searched = q
	return m.found, m.err
}

func (m matching) Explain(_ context.Context, webhookID, eventID string) (match.Explanation, error) {
	m.askedFilter = webhookID + " " + eventID
	return m.explanation, m.err
}

func (m matching) Check(_ context.Context, events []hook.Event) ([]match.Check, error) {
	if m.inside {
		return nil, errors.New("a transaction is open")
	}
	m.checked += len(events)
	return make([]match.Check, len(events)), m.err
}

func (m matching) Ingest(ctx context.Context, events []hook.Event, checks []match.Check) ([]hook.Accepted, error) {
	if checks == nil {
		if _, err := m.Check(ctx, events); err != nil {
			return nil, err
		}
	} else if len(checks) != len(events) {
		return nil, errors.New("not one check for each event")
	}
	out := make([]hook.Accepted, len(events))
	for i, ev := range events {
		if out[i].Err = m.refuse[ev.Type]; out[i].Err != nil {
			continue
		}
		if ev.Type == "PART" {
			out[i].Happened = true
			continue
		}
		fresh := upsert(&m.events, ev, eventID)
		out[i] = hook.Accepted{Matched: 2, Due: fresh, Duplicate: !fresh}
		if company, _, ok := strings.Cut(ev.ProjectID, "/"); ok && fresh {
			out[i].CompanyID = company
		}
	}
	return out, m.err
}

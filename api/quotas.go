package api

import (
	"context"
	"fmt"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/hook"
)

// limitsForm are a company's own limits. Fields and order are those of
// hook.OwnLimits.
type limitsForm struct {
	Webhooks    *int64   `json:"webhooks,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"Webhooks of each user who is a member of one of its projects; 0 = any number, null = as the installation has it"`
	Rules       *int64   `json:"rules,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"Rules in all webhooks of each such user"`
	TestEvents  *int64   `json:"test_events_per_minute,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"Test events to the webhooks of each such user in a minute"`
	StoredBytes *int64   `json:"stored_bytes,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"Bytes that the test events of each such user take up until retention removes them"`
	Events      *int64   `json:"events_per_second,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"Events of all its projects in a second, in each process that takes events"`
	Bytes       *int64   `json:"bytes_per_second,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"Bytes of the states of these events in a second"`
	_           struct{} `additionalProperties:"false"`
}

const maxLimit = 1_000_000_000_000

func (f limitsForm) own() *hook.OwnLimits {
	return &hook.OwnLimits{Webhooks: f.Webhooks, Rules: f.Rules, TestEvents: f.TestEvents, StoredBytes: f.StoredBytes, Events: f.Events, Bytes: f.Bytes}
}

func (f *limitsForm) check() (bad []hook.Field) {
	if f == nil {
		return nil
	}
	for _, field := range []struct {
		name  string
		value *int64
	}{
		{"webhooks", f.Webhooks}, {"rules", f.Rules}, {"test_events_per_minute", f.TestEvents},
		{"stored_bytes", f.StoredBytes}, {"events_per_second", f.Events}, {"bytes_per_second", f.Bytes},
	} {
		if field.value != nil && (*field.value < 0 || *field.value > maxLimit) {
			bad = append(bad, hook.Field{Code: hook.FieldRange, Params: hook.Params{"min": 0, "max": maxLimit}, Pointer: "/limits/" + field.name, Detail: fmt.Sprintf("must be 1 to %d, 0 for any number, or null for the installation's limit", maxLimit)})
		}
	}
	return bad
}

// CompanyLimits are a company's own limits as answers show them.
type CompanyLimits struct {
	Webhooks    *int64 `json:"webhooks" doc:"Webhooks of each user who is a member of one of its projects; 0 = any number, null = as the installation has it"`
	Rules       *int64 `json:"rules" doc:"Rules in all webhooks of each such user"`
	TestEvents  *int64 `json:"test_events_per_minute" doc:"Test events to the webhooks of each such user in a minute"`
	StoredBytes *int64 `json:"stored_bytes" doc:"Bytes that the test events of each such user take up until retention removes them"`
	Events      *int64 `json:"events_per_second" doc:"Events of all its projects in a second, in each process that takes events"`
	Bytes       *int64 `json:"bytes_per_second" doc:"Bytes of the states of these events in a second"`
}

func viewLimits(own *hook.OwnLimits) CompanyLimits {
	if own == nil {
		return CompanyLimits{}
	}
	return CompanyLimits(*own)
}

// userQuotas are those of a user; an admin, who is no user, has none.
func (s *server) userQuotas(ctx context.Context, userID string) ([]view.Quota, error) {
	if userID == "" {
		return []view.Quota{}, nil
	}
	all, err := s.Store.UserQuotas(ctx, userID)
	return view.OfQuotas(all), err
}

// tellUser says what is left to a user of some quotas. That it can't be read fails
// no request that was carried out.
func (s *server) tellUser(ctx context.Context, userID string, names ...hook.QuotaName) {
	all, err := s.Store.UserQuotas(ctx, userID)
	if err != nil {
		return
	}
	for _, q := range all {
		for _, name := range names {
			if q.Name == name {
				access.TellQuotas(ctx, q)
			}
		}
	}
}

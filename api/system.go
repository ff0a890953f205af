package api

import (
	"context"
	"runtime"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

type system struct {
	Version         string          `json:"version" doc:"Godwit's own version"`
	GoVersion       string          `json:"go_version" doc:"The Go release that it was built with"`
	SchemaVersion   int64           `json:"schema_version" doc:"The newest migration that the database has"`
	PostgresVersion string          `json:"postgres_version" doc:"The database server's version"`
	Settings        Settings        `json:"settings" doc:"What this process was started with, without secrets"`
	Parts           []systemPart    `json:"parts" nullable:"false" maxItems:"10" doc:"What this process needs, as its /readyz checks it"`
	Unreadable      unreadable      `json:"unreadable" doc:"Webhooks with a secret that no key of GODWIT_ENCRYPTION_KEY opens"`
	Retention       retentionStatus `json:"retention" doc:"How far the removal of what is kept no longer has come"`
}

type systemPart struct {
	Name   string  `json:"name" doc:"What it is, such as postgres"`
	Ready  bool    `json:"ready" doc:"It is there"`
	Detail *string `json:"detail" doc:"Why it is not, in words; null when it is"`
}

type unreadable struct {
	Total    int      `json:"total" minimum:"0" doc:"How many they are among the oldest 10,000 webhooks"`
	Webhooks []string `json:"webhooks" nullable:"false" maxItems:"20" doc:"Ids of the first of them; GET /v1/webhooks/{id} tells what of each"`
}

type retentionStatus struct {
	KeptSince      *time.Time       `json:"kept_since" doc:"Events that were accepted before this may have been removed; null = none was"`
	Running        bool             `json:"running" doc:"A run goes through the tables now"`
	Part           *string          `json:"part" doc:"What the run looks through now; null between runs"`
	BeganAt        *time.Time       `json:"began_at" doc:"When the last run began; null before the first one"`
	LastFinishedAt *time.Time       `json:"last_finished_at" doc:"When the last run ended that went through everything; null before that"`
	Problem        *string          `json:"problem" doc:"Why the run does not go on; null when it does. It is tried again by itself"`
	Removed        []retentionCount `json:"removed" nullable:"false" maxItems:"20" doc:"How many rows were removed; a part of which none was is left out"`
}

type retentionCount struct {
	Part    string `json:"part" doc:"What they were, such as events"`
	Total   int64  `json:"total" minimum:"0" doc:"Rows since the beginning"`
	LastRun int64  `json:"last_run" minimum:"0" doc:"Rows of the last run, or of the one that goes on"`
}

func (s *server) system(ctx context.Context, _ *struct{}) (*reply[system], error) {
	out := system{Version: s.Version, GoVersion: runtime.Version(), Settings: s.Settings, Parts: []systemPart{}}
	if s.Parts != nil {
		for _, f := range s.Parts(ctx) {
			out.Parts = append(out.Parts, systemPart{Name: f.Name, Ready: f.Missing == "", Detail: view.Optional(f.Missing)})
		}
	}
	var err error
	if out.SchemaVersion, err = s.Store.SchemaVersion(ctx); err != nil {
		return nil, err
	}
	if out.PostgresVersion, err = s.Store.PostgresVersion(ctx); err != nil {
		return nil, err
	}
	sealed, err := s.Store.Unreadable(ctx)
	if err != nil {
		return nil, err
	}
	out.Unreadable = unreadable{sealed.Total, append([]string{}, sealed.Webhooks...)}
	r, err := s.Store.Retention(ctx)
	if err != nil {
		return nil, err
	}
	out.Retention = viewRetention(r)
	return &reply[system]{Body: out}, nil
}

func viewRetention(r hook.Retention) retentionStatus {
	out := retentionStatus{
		KeptSince: view.OptionalTime(r.KeptSince), Running: !r.BeganAt.IsZero() && r.FinishedAt.IsZero(), Part: view.Optional(r.Part),
		BeganAt: view.OptionalTime(r.BeganAt), LastFinishedAt: view.OptionalTime(r.LastFinishedAt), Problem: view.Optional(r.Problem), Removed: []retentionCount{},
	}
	for _, c := range r.Removed {
		out.Removed = append(out.Removed, retentionCount(c))
	}
	return out
}

// keptSince is the time before which events may have been removed, for answers
// that would mislead without it.
func (s *server) keptSince(ctx context.Context) (*time.Time, error) {
	r, err := s.Store.Retention(ctx)
	return view.OptionalTime(r.KeptSince), err
}

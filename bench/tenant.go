package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// tenant is a company with a project, a user, and keys of its own.
type tenant struct {
	project   string
	owner     string
	admin     *client
	publisher *client
	user      *client
	// webhooks are the ids of what the user has.
	mu       sync.Mutex
	webhooks []string
	requests atomic.Int64 // of an attack
}

func (b *bench) tenant(ctx context.Context, name string) (*tenant, error) {
	t := &tenant{project: name, owner: name, admin: b.api}
	type object map[string]string
	for path, body := range map[string]any{
		"/v1/companies/" + name: object{"name": name},
		"/v1/users/" + name:     object{"name": name, "email": name + "@example.com"},
	} {
		if err := b.api.call(ctx, http.MethodPut, path, body, nil); err != nil {
			return nil, err
		}
	}
	if err := b.api.call(ctx, http.MethodPut, "/v1/projects/"+name, object{"company_id": name, "name": name}, nil); err != nil {
		return nil, err
	}
	if err := b.api.call(ctx, http.MethodPut, "/v1/projects/"+name+"/members/"+name, nil, nil); err != nil {
		return nil, err
	}
	var err error
	if t.publisher, err = b.keyed(ctx, object{"name": name, "role": "publisher"}); err != nil {
		return nil, err
	}
	t.user, err = b.keyed(ctx, object{"name": name + " user", "role": "user", "user_id": name})
	return t, err
}

// keyed gives a client with a key that it makes.
func (b *bench) keyed(ctx context.Context, key any) (*client, error) {
	var made struct {
		Key string `json:"key"`
	}
	if err := b.api.call(ctx, http.MethodPost, "/v1/api-keys", key, &made); err != nil {
		return nil, err
	}
	return newClient(made.Key, b.app.address), nil
}

// subscribe makes a webhook for all that happens in the project.
func (t *tenant) subscribe(ctx context.Context, w webhook) error {
	w.OwnerID, w.Name, w.Enabled = t.owner, t.owner, true
	if w.Rules == nil {
		w.Rules = []rule{{Events: []string{eventType}, Projects: []string{t.project}}}
	}
	var created struct {
		ID string `json:"id"`
	}
	if err := t.admin.call(ctx, http.MethodPost, "/v1/webhooks", w, &created); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.webhooks = append(t.webhooks, created.ID)
	return nil
}

// subscribeMany makes n webhooks, or as many as the user may have.
func (t *tenant) subscribeMany(ctx context.Context, n int, w webhook) error {
	shots := load{n: n}.flatOut(ctx, 4, func(ctx context.Context, _ string) error { return t.subscribe(ctx, w) })
	if len(t.webhooks) == 0 {
		return firstError(shots)
	}
	return nil
}

func (t *tenant) event(id string, current json.RawMessage) event {
	return event{ID: id, Type: eventType, ProjectID: t.project, Current: current}
}

func (t *tenant) publish(ctx context.Context, id string, current json.RawMessage) error {
	return t.publisher.call(ctx, http.MethodPost, "/v1/events", t.event(id, current), nil)
}

// publishMany posts a batch.
func (t *tenant) publishMany(ctx context.Context, prefix string, n int) error {
	events := make([]event, n)
	for i := range events {
		events[i] = t.event(fmt.Sprint(prefix, "-", i), state("done"))
	}
	return t.publisher.call(ctx, http.MethodPost, "/v1/events/batch", map[string]any{"events": events}, nil)
}

// again repeats a request until ctx ends, so many at a time. What is refused is
// tried again after a moment.
func (t *tenant) again(ctx context.Context, workers int, do request) {
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				t.requests.Add(1)
				if err := do(ctx, fmt.Sprintf("%s-%d-%d", t.owner, worker, n)); err != nil {
					pause(ctx, 50*time.Millisecond)
				}
			}
		})
	}
	group.Wait()
}

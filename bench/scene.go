package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The objects that every section shares.
const (
	companyID = "bench"
	ownerID   = "bench-owner"
	eventType = "TODO_CREATED"
)

// scene is where the events of a section happen: its own project, so that
// they match the webhooks of this section alone.
type scene struct {
	project   string
	eventType string
	previous  json.RawMessage // what the events change; nil = they make it
	boxes     []*mailbox      // one for each webhook
	webhooks  []string        // their ids
}

type sceneSize struct {
	webhooks int
	events   int // that each webhook is to get
	// answersAfter is how long the receivers take.
	answersAfter time.Duration
	// rule is what the webhooks match by; without one it is all events of the type.
	rule rule
}

// scene makes the project and the webhooks of a section, by the API.
func (b *bench) scene(ctx context.Context, name string, size sceneSize) (scene, error) {
	s := scene{project: "bench-" + name, eventType: eventType}
	if err := b.putProject(ctx, s.project); err != nil {
		return s, fmt.Errorf("set the scene: %w", err)
	}
	if size.rule.AllOf == nil {
		size.rule.Events = []string{s.eventType}
	}
	size.rule.Projects = []string{s.project}
	for i := range size.webhooks {
		box := b.receiver.open(fmt.Sprintf("%s/%d", name, i), size.events)
		box.answersAfter = size.answersAfter
		id, err := b.subscribe(ctx, webhook{Name: name, URL: box.url, Rules: []rule{size.rule}})
		if err != nil {
			return s, fmt.Errorf("set the scene: %w", err)
		}
		s.boxes, s.webhooks = append(s.boxes, box), append(s.webhooks, id)
	}
	return s, nil
}

// putProject makes a project with the owner as a member, and what they need.
func (b *bench) putProject(ctx context.Context, project string) error {
	type object map[string]string
	for _, step := range []struct {
		path string
		body any
	}{
		{"/v1/companies/" + companyID, object{"name": "Bench"}},
		{"/v1/projects/" + project, object{"company_id": companyID, "name": project}},
		{"/v1/users/" + ownerID, object{"name": "Owner", "email": "owner@example.com"}},
		{"/v1/projects/" + project + "/members/" + ownerID, nil},
	} {
		if err := b.api.call(ctx, http.MethodPut, step.path, step.body, nil); err != nil {
			return err
		}
	}
	return nil
}

// webhook is the body that creates one.
type webhook struct {
	OwnerID string `json:"owner_id"`
	Name    string `json:"name"`
	URL     string `json:"url"`
	Rules   []rule `json:"rules"`
	Enabled bool   `json:"enabled"`
}

type rule struct {
	Events   []string `json:"events,omitempty"`
	Projects []string `json:"projects,omitempty"`
	Filter   string   `json:"filter,omitempty"`
	// AllOf makes it a combination.
	AllOf  []rule `json:"all_of,omitempty"`
	Within string `json:"within,omitempty"`
	Same   string `json:"same,omitempty"`
}

// subscribe creates an enabled webhook of the shared owner and gives its id.
func (b *bench) subscribe(ctx context.Context, w webhook) (string, error) {
	w.Enabled = true
	return b.create(ctx, w)
}

// create makes a webhook of the shared owner and gives its id.
func (b *bench) create(ctx context.Context, w webhook) (string, error) {
	w.OwnerID = ownerID
	var created struct {
		ID string `json:"id"`
	}
	err := b.api.call(ctx, http.MethodPost, "/v1/webhooks", w, &created)
	return created.ID, err
}

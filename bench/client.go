package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// client calls the product's API as an admin, its addresses in turn.
type client struct {
	addresses []string
	key       string
	http      *http.Client
	turn      atomic.Uint64
}

func newClient(key string, addresses ...string) *client {
	return &client{addresses: addresses, key: key, http: newHTTPClient()}
}

// address is the next one.
func (c *client) address() string { return c.addresses[c.turn.Add(1)%uint64(len(c.addresses))] }

// newHTTPClient keeps as many connections as the load uses at most.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 4 * connections, DisableCompression: true},
	}
}

// call makes one request with a JSON body; the answer is decoded into out unless
// that is nil. An answer that is not 2xx is an error.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.address()+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return exchange(c.http, req, out)
}

// exchange sends req and decodes a 2xx answer into out, unless that is nil.
func exchange(c *http.Client, req *http.Request, out any) error {
	res, err := c.Do(req)
	if err != nil {
		return err // it names method and URL
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", req.Method, req.URL.Path, err)
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.300s", req.Method, req.URL.Path, res.Status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("decode the answer to %s %s: %w", req.Method, req.URL.Path, err)
	}
	return nil
}

// event is the body of a published event.
type event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	ProjectID string          `json:"project_id"`
	Previous  json.RawMessage `json:"previous,omitempty"`
	Current   json.RawMessage `json:"current"`
}

// stateBytes is the size of each state that an event carries.
const stateBytes = 1024

// state is a JSON object of stateBytes bytes.
func state(status string) json.RawMessage {
	const tail = `"}`
	head := fmt.Sprintf(`{"id":"rec_1042","title":"Order the window frames","priority":"p%d","amount":250000,"status":%q,"done":false,"notes":"`, manyFilters, status)
	return json.RawMessage(head + strings.Repeat("x", stateBytes-len(head)-len(tail)) + tail)
}

// publish gives the request that posts an event of the scene. One that did not
// match the wanted number of webhooks is an error.
func (b *bench) publish(s scene, want int) request {
	current := state("done")
	return func(ctx context.Context, id string) error {
		var answer struct {
			Matched int `json:"matched"`
		}
		e := event{ID: id, Type: s.eventType, ProjectID: s.project, Previous: s.previous, Current: current}
		if err := b.api.call(ctx, http.MethodPost, "/v1/events", e, &answer); err != nil {
			return err
		}
		if answer.Matched != want {
			return fmt.Errorf("event %s matched %d webhooks, not %d", id, answer.Matched, want)
		}
		return nil
	}
}

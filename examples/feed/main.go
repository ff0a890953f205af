// Command feed plays an application for project management: companies with projects,
// people, tasks that move through lists, and comments. It tells Godwit about them and
// then publishes what happens, so that webhooks have something to send:
//
//	go run ./examples/feed
//
// It finds Godwit where make up runs it, with the key of GODWIT_KEY or .godwit/admin-key.
// -rate says how many events come a second, and -count after how many it ends. With the
// same -seed the same happens again, and with the same -run under the same ids, so that
// Godwit takes each event once however often it is sent.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long an event is tried again that Godwit could not take.
const patience = time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "feed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("feed", flag.ContinueOnError)
	at := flags.String("url", cmp.Or(os.Getenv("GODWIT_URL"), "http://127.0.0.1:8080"), "where Godwit is")
	rate := flags.Float64("rate", 0.5, "events a second, up to 1000")
	count := flags.Int("count", 0, "end after so many events; 0 = never")
	seed := flags.Uint64("seed", 1, "what happens: the same seed, the same story")
	name := flags.String("run", strconv.FormatInt(time.Now().Unix(), 36), "part of the ids of events and tasks")
	quiet := flags.Bool("quiet", false, "write nothing, but for what goes wrong")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quiet {
		out = io.Discard
	}
	if *rate <= 0 || *rate > 1000 {
		return errors.New("-rate must be above 0 and at most 1000")
	}
	key, err := adminKey()
	if err != nil {
		return err
	}
	c := client{strings.TrimRight(*at, "/"), key}
	if err := c.introduce(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d companies, %d projects and %d people are there; %s is a member of every project\n", len(companies), len(projects), len(people), people[0].ID)
	w := newWorld(*seed, *name)
	tick := time.NewTicker(time.Duration(float64(time.Second) / *rate))
	defer tick.Stop()
	for n := 0; *count == 0 || n < *count; n++ {
		e := w.next()
		if err := c.publish(ctx, e); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s  %-22s %s\n", time.Now().Format("15:04:05"), e.Type, e.Project)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// adminKey is an admin's key.
func adminKey() (string, error) {
	if key := os.Getenv("GODWIT_KEY"); key != "" {
		return key, nil
	}
	raw, err := os.ReadFile(".godwit/admin-key")
	if err != nil {
		return "", errors.New("there is no key: put an admin's into GODWIT_KEY, or run this where make up has left .godwit/admin-key")
	}
	return strings.TrimSpace(string(raw)), nil
}

// client calls Godwit as the application that has the users and projects.
type client struct{ url, key string }

// introduce tells Godwit about companies, projects, people, and who is a member of
// which project. Each call may be repeated.
func (c client) introduce(ctx context.Context) error {
	type call struct {
		path string
		body any
	}
	var calls []call
	for _, one := range companies {
		calls = append(calls, call{"/v1/companies/" + one.ID, map[string]string{"name": one.Name}})
	}
	for _, one := range projects {
		calls = append(calls, call{"/v1/projects/" + one.ID, map[string]string{"company_id": one.Company, "name": one.Name}})
	}
	for _, one := range people {
		calls = append(calls, call{"/v1/users/" + one.ID, map[string]string{"name": one.Name, "email": one.Email}})
	}
	for _, one := range projects {
		for _, member := range members[one.ID] {
			calls = append(calls, call{"/v1/projects/" + one.ID + "/members/" + member, nil})
		}
	}
	for _, one := range calls {
		if _, err := c.call(ctx, http.MethodPut, one.path, one.body); err != nil {
			return err
		}
	}
	return nil
}

// publish sends an event until Godwit has taken it. Its id makes that safe: the second
// time Godwit delivers nothing again.
func (c client) publish(ctx context.Context, e event) error {
	for end := time.Now().Add(patience); ; {
		again, err := c.call(ctx, http.MethodPost, "/v1/events", e)
		if err == nil || !again || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// call makes one request. again says that it may be repeated.
func (c client) call(ctx context.Context, method, path string, body any) (again bool, err error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return false, err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, reader)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return true, fmt.Errorf("there is no Godwit at %s; is make up running?", c.url)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return true, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError, fmt.Errorf("%s %s: %s %s", method, path, resp.Status, answer)
	}
	return false, nil
}

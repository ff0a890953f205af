package app_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPutWebhook_SentTwiceChangesNothing has everything that can be set of a
// webhook go through the database.
func TestPutWebhook_SentTwiceChangesNothing(t *testing.T) {
	s := newTenants(t)
	const path = "/v1/webhooks/by-key/billing%2Fprod"
	body := s.first.fill(`{"name":"N","url":"http://127.0.0.1:1/x?y=1","rules":[
		{"events":["TODO_CREATED","COMMENT_*"],"not_events":["*_DELETED"],"projects":["{project}"],"companies":["{company}"],"filter":"type != 'x'"},
		{"all_of":[{"events":["TODO_CREATED"]},{"events":["TODO_*"],"not_events":["TODO_CREATED"],"filter":"true"}],"none_of":[{"events":["TODO_DELETED"]}],"within":"10m","same":"current.id","in_order":true,"projects":["{project}"]}],
		"payload_format":"blue","headers":{"X-Token":"hush"},"timeout_seconds":30,"rate_limit_per_second":0.1,"max_in_flight":2,"max_age":90,
		"secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=","auto_recover":false,"enabled":false,"metadata":{"b":{"n":1.10},"a":"<&>"}}`)
	put := func() (int, string) {
		got := s.call(s.first.key, "PUT", path, body)
		return got.Code, got.Header().Get("ETag")
	}
	for _, want := range []int{http.StatusCreated, http.StatusOK, http.StatusOK} {
		code, tag := put()
		require.Equal(t, want, code)
		require.Equal(t, `"1"`, tag)
	}
	w := s.must(s.first.key, "GET", path, "")
	require.Equal(t, "billing/prod", w["key"])
	s.must(s.first.key, "PATCH", "/v1/webhooks/"+w["id"].(string), `{"name":"changed by hand"}`)
	_, tag := put()
	require.Equal(t, `"3"`, tag)
	require.Equal(t, "N", s.must(s.first.key, "GET", path, "")["name"])
}

// TestPutWebhook_OfManyAtOnceCreatesOne has requests with one key meet.
func TestPutWebhook_OfManyAtOnceCreatesOne(t *testing.T) {
	s := newTenants(t)
	body := s.first.fill(rule + `"projects":["{project}"]}],"enabled":false}`)
	var mu sync.Mutex
	codes, tags := map[int]int{}, map[string]bool{}
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			got := s.call(s.first.key, "PUT", "/v1/webhooks/by-key/race", body)
			mu.Lock()
			defer mu.Unlock()
			codes[got.Code]++
			tags[got.Header().Get("ETag")] = true
		})
	}
	group.Wait()
	require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusOK: 11}, codes)
	require.Equal(t, map[string]bool{`"1"`: true}, tags)
}

package client

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBatchOf_KeepsToTheLimits(t *testing.T) {
	event := func(size int) EventForm {
		return EventForm{Type: "T", ProjectID: "p", Current: strings.Repeat("x", size)}
	}
	for name, test := range map[string]struct {
		events int
		size   int
		want   int
	}{
		"one":                    {1, 10, 1},
		"500":                    {500, 10, 500},
		"501":                    {501, 10, 500},
		"by bytes":               {40, 256 << 10, 27},
		"one that is much alone": {2, 8 << 20, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var events []EventForm
			for range test.events {
				events = append(events, event(test.size))
			}
			batch, err := batchOf(events)
			require.NoError(t, err)
			require.Len(t, batch, test.want)
			ids := map[string]bool{}
			for _, one := range batch {
				ids[*one.ID] = true
			}
			require.Len(t, ids, test.want, "each has an id")
			require.Nil(t, events[0].ID, "the caller's are as they were")
		})
	}
	_, err := batchOf([]EventForm{{ID: new("e1"), Current: func() {}}})
	require.ErrorContains(t, err, "e1 can't be encoded")
}

func TestEncode_PutsParametersWhereTheyBelong(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 30, 0, 500, time.UTC)
	header := http.Header{}
	query := encode(&ListDeliveriesParams{Limit: new(int64(2)), Since: &at, Status: []ListDeliveriesParamsStatus{"failed", "held"}}, header)
	require.Equal(t, "limit=2&since=2026-05-04T09%3A30%3A00.0000005Z&status=failed&status=held", query.Encode())
	require.Empty(t, header)
	require.Equal(t, "erase=true", encode(&DeleteUserParams{Erase: new(true)}, header).Encode())
	require.Empty(t, encode(&PatchWebhookParams{IfMatch: new(`"v1"`)}, header))
	require.Equal(t, `"v1"`, header.Get("If-Match"))
	require.Empty(t, encode((*DeleteUserParams)(nil), header))
	require.Empty(t, encode(nil, header))
	require.Equal(t, "/v1/a/x%2Fy/b/%3F", path("/v1/a/%s/b/%s", "x/y", "?"))
}

func TestRequest_RepeatsWhatMayHelp(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		ifMatch string
		want    bool
	}{
		"done":                           {nil, "", false},
		"no answer":                      {errNoAnswer, "", true},
		"no answer to a conditional one": {errNoAnswer, `"v1"`, false},
		"too fast":                       {&Error{Problem: Problem{Status: 429}, RetryAfter: time.Second}, `"v1"`, true},
		"much too fast":                  {&Error{Problem: Problem{Status: 429}, RetryAfter: time.Hour}, "", false},
		"unavailable":                    {&Error{Problem: Problem{Status: 503}}, "", true},
		"unavailable, conditional":       {&Error{Problem: Problem{Status: 503}}, `"v1"`, false},
		"the first is under way":         {&Error{Problem: Problem{Status: 409}, RetryAfter: time.Second}, "", true},
		"a conflict":                     {&Error{Problem: Problem{Status: 409}}, "", false},
		"invalid":                        {&Error{Problem: Problem{Status: 422}}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &request{header: http.Header{}}
			if test.ifMatch != "" {
				r.header.Set("If-Match", test.ifMatch)
			}
			again, wait := r.repeats(test.err, 1)
			require.Equal(t, test.want, again)
			if again {
				require.GreaterOrEqual(t, wait, firstWait)
			}
		})
	}
}

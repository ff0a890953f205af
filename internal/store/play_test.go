package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/pgtest"
	"godwit/internal/store/core"
)

// playAddress makes a play address of a user.
func (s stage) playAddress(t *testing.T, owner string) hook.PlayAddress {
	t.Helper()
	a, err := s.MakePlayAddress(context.Background(), hook.PlayAddress{ID: id.New(id.Play), OwnerID: owner})
	require.NoError(t, err)
	return a
}

// keepPlayed keeps a request with a body, and gives its id.
func (s stage) keepPlayed(t *testing.T, address, body string) string {
	t.Helper()
	r := hook.PlayRequest{ID: id.New(id.PlayRequest), AddressID: address, Method: "POST", Query: "status=500", Headers: []hook.Header{{Name: "X-Hush", Value: "hush"}},
		Body: []byte(body), Size: len(body), StatusCode: 500, EventID: "e1", Finding: hook.PlayFinding{Code: "ok", Detail: "fits"}}
	require.NoError(t, s.KeepPlayRequest(context.Background(), r))
	return r.ID
}

func (s stage) played(t *testing.T, address string) []hook.PlayRequest {
	t.Helper()
	all, err := s.PlayRequests(context.Background(), address, hook.Page{Limit: 200})
	require.NoError(t, err)
	return all
}

func TestPlay_KeepsRequestsSealed(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	a := s.playAddress(t, "u1")
	first := s.keepPlayed(t, a.ID, "one")
	second := s.keepPlayed(t, a.ID, "two \x00")
	all := s.played(t, a.ID)
	require.Equal(t, []string{second, first}, []string{all[0].ID, all[1].ID})
	require.Equal(t, "two \x00", string(all[0].Body))
	require.Equal(t, []hook.Header{{Name: "X-Hush", Value: "hush"}}, all[0].Headers)
	require.Equal(t, []any{"POST", "status=500", 5, 500, "e1", "ok"}, []any{all[0].Method, all[0].Query, all[0].Size, all[0].StatusCode, all[0].EventID, all[0].Finding.Code})
	page, err := s.PlayRequests(ctx, a.ID, hook.Page{Limit: 1, After: &hook.Cursor{Time: all[0].ReceivedAt, ID: all[0].ID}})
	require.NoError(t, err)
	require.Equal(t, first, page[0].ID)
	list, err := s.PlayAddresses(ctx, "u1")
	require.NoError(t, err)
	require.EqualValues(t, 2, list[0].Received)

	var plain int
	s.read(t, &plain, `SELECT count(*) FROM play_requests WHERE position('hush'::bytea IN content) > 0 OR position('two'::bytea IN content) > 0`)
	require.Zero(t, plain)
	rekeyed := s.openWith(t, ringKey(8), ringKey(7))
	require.NoError(t, rekeyed.Rekey(ctx, func(core.Rekeyed) {}))
	again, err := s.openWith(t, ringKey(8)).PlayRequests(ctx, a.ID, hook.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, all[0], again[0])
	lost, err := s.PlayRequests(ctx, a.ID, hook.Page{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, lost[0].Body, "the old key opens it no more")
}

func TestPlay_KeepsTheNewestThatFit(t *testing.T) {
	s := newStage(t)
	a, b := s.playAddress(t, "u1"), s.playAddress(t, "u1")
	s.keepPlayed(t, b.ID, "of another")
	for range hook.MaxPlayRequests {
		s.keepPlayed(t, a.ID, "small")
	}
	newest := s.keepPlayed(t, a.ID, "newest")
	all := s.played(t, a.ID)
	require.Len(t, all, hook.MaxPlayRequests)
	require.Equal(t, newest, all[0].ID)
	large := strings.Repeat("x", hook.MaxPlayBody)
	for range 10 {
		s.keepPlayed(t, a.ID, large)
	}
	all = s.played(t, a.ID)
	require.Len(t, all, hook.MaxPlayRequests)
	for range 25 {
		s.keepPlayed(t, a.ID, large)
	}
	var kept int
	s.read(t, &kept, `SELECT sum(octet_length(content)) FROM play_requests WHERE address_id = $1`, a.ID)
	require.LessOrEqual(t, kept, hook.MaxPlayBytes)
	require.Greater(t, kept, hook.MaxPlayBytes-2*hook.MaxPlayBody)
	require.Len(t, s.played(t, b.ID), 1)
}

func TestPlay_HasBoundsOfAddresses(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	for range hook.MaxPlayAddresses {
		s.playAddress(t, "u1")
	}
	_, err := s.MakePlayAddress(ctx, hook.PlayAddress{ID: id.New(id.Play), OwnerID: "u1"})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.ErrorContains(t, err, "DELETE /v1/play/{id}")
	a := s.playAddress(t, "")
	_, err = s.MakePlayAddress(ctx, hook.PlayAddress{ID: id.New(id.Play), OwnerID: "nobody"})
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	pgtest.Exec(t, s.url, fmt.Sprintf(`INSERT INTO play_addresses (id) SELECT 'play_' || n FROM generate_series(1, %d) AS n`, hook.MaxPlayAddressesInAll))
	_, err = s.MakePlayAddress(ctx, hook.PlayAddress{ID: id.New(id.Play)})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.NoError(t, s.DeletePlayAddress(ctx, a.ID))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeletePlayAddress(ctx, a.ID)))
}

func TestPlay_ForgetsByItself(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	a, old := s.playAddress(t, "u1"), s.playAddress(t, "u1")
	s.keepPlayed(t, old.ID, "x")
	yesterday, kept := s.keepPlayed(t, a.ID, "x"), s.keepPlayed(t, a.ID, "x")
	pgtest.Exec(t, s.url, `UPDATE play_requests SET received_at = now() - interval '25 hours' WHERE id = $1`, yesterday)
	pgtest.Exec(t, s.url, `UPDATE play_addresses SET used_at = now() - interval '8 days' WHERE id = $1`, old.ID)
	require.Len(t, s.played(t, a.ID), 1, "also before they are removed")
	_, err := s.PlayTarget(ctx, old.ID, "")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.PlayRequests(ctx, old.ID, hook.Page{Limit: 1})
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))

	n, err := s.Forget(ctx, 1000)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	var left string
	s.read(t, &left, `SELECT string_agg(id, ' ') FROM play_requests`)
	require.Equal(t, kept, left)

	s.post(t, hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)})
	require.NoError(t, s.ExpungeEvent(ctx, "e1"))
	require.Empty(t, s.played(t, a.ID), "what is expunged is not kept here either")
	s.keepPlayed(t, a.ID, "x")
	require.NoError(t, s.DeleteUser(ctx, "u1"))
	var rows int
	s.read(t, &rows, `SELECT (SELECT count(*) FROM play_requests) + (SELECT count(*) FROM play_addresses)`)
	require.Zero(t, rows)
}

// TestPlay_ChecksByTheWebhooksThatLeadThere: those of the address's owner, the one
// that the request names before the others.
func TestPlay_ChecksByTheWebhooksThatLeadThere(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Ugo"})
	require.NoError(t, err)
	of := func(owner, url string) string {
		w := draft(owner, hook.Rule{Events: []string{"*"}})
		w.URL = url
		w, err := s.CreateWebhook(ctx, w)
		require.NoError(t, err)
		return w.ID
	}
	mine, nobodys := s.playAddress(t, "u1"), s.playAddress(t, "")
	at := func(a hook.PlayAddress) string { return "https://example.com/base/play/" + a.ID }
	first, second := of("u1", at(mine)), of("u1", at(mine)+"?status=500&to=/play/x")
	foreign, elsewhere := of("u2", at(mine)), of("u1", "https://example.com/?at=/play/"+mine.ID)
	admins := of("u2", at(nobodys))
	asked := func(a hook.PlayAddress, named string) (ids []string) {
		target, err := s.PlayTarget(ctx, a.ID, named)
		require.NoError(t, err)
		for _, w := range target.Webhooks {
			require.Equal(t, "whsec_c2VjcmV0", w.Secret)
			ids = append(ids, w.ID)
		}
		return ids
	}
	require.Equal(t, []string{second, first}, asked(mine, ""))
	require.Equal(t, []string{first, second}, asked(mine, first))
	require.Equal(t, []string{second, first}, asked(mine, foreign), "another user's")
	require.Equal(t, []string{second, first}, asked(mine, elsewhere), "it leads elsewhere")
	require.Equal(t, []string{admins}, asked(nobodys, admins))
	require.Empty(t, asked(nobodys, ""))
	require.Empty(t, asked(nobodys, first))

	rotated, err := s.RotateSecret(ctx, first, func(w *hook.Webhook) error { return w.Rotate("whsec_bmV3", time.Hour, s.Now()) })
	require.NoError(t, err)
	target, err := s.PlayTarget(ctx, mine.ID, first)
	require.NoError(t, err)
	require.Equal(t, rotated.Secrets(s.Now()), target.Webhooks[0].Secrets(s.Now()), "the old one signs on")
	require.Len(t, target.Webhooks[0].Secrets(s.Now()), 2)
}

package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// A chat message is written in the language that its reader had when the event was
// accepted, with the title that the type had then.
func TestChat_KeepsItsWordsFromAcceptance(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	user, err := s.User(ctx, "u1")
	require.NoError(t, err)
	require.Equal(t, hook.English, user.Locale)
	speak := func(locale string) {
		user.Locale = locale
		_, _, err := s.PutUser(ctx, user)
		require.NoError(t, err)
	}
	title := func(english, german string) {
		pgtest.Exec(t, s.url, `INSERT INTO event_types (name, "group", description, title, translations)
			VALUES ('DEAL_WON', 'Deal', '', $1, json_build_object('de', json_build_object('title', $2::text)))
			ON CONFLICT (name) DO UPDATE SET title = excluded.title, translations = excluded.translations`, english, german)
	}
	words := func(eventID string) *hook.ChatWords {
		found, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: eventID}, anyPage)
		require.NoError(t, err)
		require.Len(t, found, 1)
		return s.parcel(t, found[0].ID).Chat
	}
	speak(hook.German)
	title("Deal won", "Geschäft gewonnen")
	w := draft("u1", hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	w.PayloadFormat = hook.FormatTeams
	w, err = s.CreateWebhook(ctx, w)
	require.NoError(t, err)
	p := s.beginner(1)
	s.post(t, event("begun", "DEAL_WON", "p1"))
	require.Equal(t, &hook.ChatWords{Language: hook.German, Title: "Geschäft gewonnen"}, p.begun[0].Chat)
	p.room.Limit = 0
	s.post(t, event("e1", "DEAL_WON", "p1"))
	_, test, err := s.SendTest(ctx, hook.TestEvent{WebhookID: w.ID, Type: "DEAL_WON", Current: []byte(`{}`)})
	require.NoError(t, err)

	speak(hook.Polish)
	title("Won", "Gewonnen")
	s.post(t, event("e2", "DEAL_WON", "p1"))
	require.Equal(t, &hook.ChatWords{Language: hook.German, Title: "Geschäft gewonnen"}, words("e1"))
	require.Equal(t, &hook.ChatWords{Language: hook.German, Title: "Geschäft gewonnen"}, s.parcel(t, test).Chat)
	require.Equal(t, &hook.ChatWords{Language: hook.Polish, Title: "Won"}, words("e2"), "there is no title in Polish")
	speak("")
	user, err = s.User(ctx, "u1")
	require.NoError(t, err)
	require.Equal(t, hook.Polish, user.Locale, "what a PUT leaves out stays")

	// From the first attempt in another format the body stays the same too.
	format := func(f hook.PayloadFormat) {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.PayloadFormat = f; return nil })
		require.NoError(t, err)
	}
	format(hook.FormatBlue)
	require.Nil(t, words("e1"))
	s.parcel(t, test)
	format(hook.FormatSlack)
	require.Equal(t, &hook.ChatWords{Language: hook.Polish, Title: "Won"}, words("e1"))
	speak(hook.English)
	require.Equal(t, &hook.ChatWords{Language: hook.Polish, Title: "Won"}, words("e1"))
}

package mail_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/mail"
)

func TestLetters_SpeakTheOwnersLanguage(t *testing.T) {
	n := notice()
	n.Language = hook.German
	_, m := send(t, n)
	require.Equal(t, `Webhook "My first webhook" ist ausgeschaltet`, m.subject)
	for _, words := range []string{"Hallo Una,", "Aus seit: Montag, 2. März 2026, 13:05 UTC", "Ursache: Es kam keine Antwort innerhalb der Zeit.",
		"Was zu tun ist: Sofort antworten, danach arbeiten; oder Zeitlimit erhöhen.", "12 Ereignisse", "und weiter bis Donnerstag, 5. März 2026, 13:05 UTC", "Webhook öffnen: " + link} {
		require.Contains(t, m.text, words)
	}
	require.Contains(t, m.html, `<html lang="de">`)
	require.Contains(t, m.html, "Webhook öffnen</a>")
	n.Language = hook.Polish
	_, m = send(t, n)
	require.Equal(t, `Webhook "My first webhook" jest wyłączony`, m.subject)
	for _, words := range []string{"Dzień dobry Una,", "Wyłączony od: poniedziałek, 2 marca 2026, 13:05 UTC", "Przyczyna: Brak odpowiedzi w wyznaczonym czasie.",
		"Co zrobić: Odpowiadaj od razu, pracuj potem, albo zwiększ limit czasu.", "12 zdarzeń", "i dalej do: czwartek, 5 marca 2026, 13:05 UTC", "Otwórz webhook: " + link} {
		require.Contains(t, m.text, words)
	}
	require.Contains(t, m.html, `<html lang="pl">`)
}

// Each letter of each language has the same parts, none of them in another language.
func TestLetters_AreCompleteInEachLanguage(t *testing.T) {
	english := regexp.MustCompile(`\b(the|is|and|your|events?|again|since|cause|held)\b`)
	o := (&office{}).open(t)
	m := mailer(t, "smtp://"+o.address)
	for _, kind := range []mail.Kind{mail.Deactivated, mail.Recovered, mail.GaveUp, mail.Gone} {
		paragraphs := 0
		for _, language := range hook.Languages {
			for _, held := range []int{0, 1, 2, 5, 22, 112} {
				n := notice()
				n.Kind, n.Held, n.Language = kind, held, language
				if held == 5 {
					n.NextProbe, n.WebhookName, n.WebhookID = time.Time{}, "", ""
				}
				require.NoError(t, m.Send(t.Context(), n))
				got := read(t, (<-o.received).content)
				require.NotContains(t, got.text+got.subject, "%!")
				if language != hook.English {
					require.NotRegexp(t, english, strings.ToLower(strings.ReplaceAll(got.text, "My first webhook", "")), "%s %s", language, kind)
				}
				if language == hook.English && held == 0 {
					paragraphs = strings.Count(got.text, "\n\n")
				}
				if held != 5 {
					require.Equal(t, paragraphs, strings.Count(got.text, "\n\n"), "%s %s", language, kind)
				}
			}
		}
	}
}

func TestLetters_CountInPolish(t *testing.T) {
	n := notice()
	n.Language, n.Kind = hook.Polish, mail.GaveUp
	o := (&office{}).open(t)
	m := mailer(t, "smtp://"+o.address)
	for held, words := range map[int]string{1: "1 zdarzenie dla tego webhooka jest zatrzymane,", 2: "2 zdarzenia dla tego webhooka są zatrzymane,", 5: "5 zdarzeń dla tego webhooka jest zatrzymanych,",
		12: "12 zdarzeń dla", 22: "22 zdarzenia dla", 101: "101 zdarzeń dla", 112: "112 zdarzeń dla"} {
		n.Held = held
		require.NoError(t, m.Send(t.Context(), n))
		require.Contains(t, read(t, (<-o.received).content).text, words)
	}
}

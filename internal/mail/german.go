package mail

import (
	"fmt"
	"time"

	"godwit/internal/hook"
)

var german = tongue{
	code: hook.German,
	kinds: map[Kind]saying{
		Deactivated: {
			"Webhook %s ist ausgeschaltet",
			"An einen eigenen Webhook konnten immer wieder keine Ereignisse zugestellt werden. Godwit hat diesen Webhook ausgeschaltet.",
			"Läuft der Empfänger wieder, geht es auch von Hand: Webhook öffnen und dort einschalten. Godwit prüft dann zuerst den Empfänger.",
		},
		Recovered: {
			"Webhook %s läuft wieder",
			"Gute Nachricht: Der Empfänger eines eigenen Webhooks antwortet wieder. Godwit hat diesen Webhook eingeschaltet.",
			"Es ist nichts zu tun.",
		},
		GaveUp: {
			"Webhook %s bleibt aus und braucht Hilfe",
			"Godwit hat den Empfänger eines eigenen Webhooks viele Male geprüft, und er hat nie so geantwortet, wie er soll. " +
				"Godwit prüft ihn nicht mehr, und dieser Webhook bleibt aus.",
			"Von selbst tut Godwit nichts mehr. Läuft der Empfänger wieder: Webhook öffnen und dort einschalten. " +
				"Godwit prüft den Empfänger und stellt dann zu, was zurückgehalten ist.",
		},
		Gone: {
			"Webhook %s ist ausgeschaltet: Empfänger weg",
			"Der Empfänger eines eigenen Webhooks hat gemeldet, dass es ihn nicht mehr gibt und er keine Ereignisse mehr will. " +
				"Godwit hat diesen Webhook ausgeschaltet.",
			"Von selbst tut Godwit nichts mehr. Gibt es den Empfänger doch noch: in Ordnung bringen lassen, dann Webhook öffnen und dort einschalten. " +
				"Godwit prüft den Empfänger und stellt dann zu, was zurückgehalten ist. Ein Webhook, der nicht mehr gebraucht wird, kann gelöscht werden.",
		},
	},
	hello: "Hallo", nameless: "ohne Namen",
	kept: func(held int) string {
		switch {
		case held <= 0:
			return "Nichts geht verloren: Neue Ereignisse für diesen Webhook werden zurückgehalten."
		case held == 1:
			return "Nichts geht verloren: 1 Ereignis für diesen Webhook ist zurückgehalten, neue werden es auch."
		}
		return fmt.Sprintf("Nichts geht verloren: %d Ereignisse für diesen Webhook sind zurückgehalten, neue werden es auch.", held)
	},
	released: func(held int) string {
		switch {
		case held <= 0:
			return "Es warteten keine Ereignisse."
		case held == 1:
			return "Nichts ging verloren: 1 Ereignis war zurückgehalten und wird jetzt zugestellt."
		}
		return fmt.Sprintf("Nichts ging verloren: %d Ereignisse waren zurückgehalten und werden jetzt zugestellt.", held)
	},
	dontWait: "Bitte nicht zu lange warten: Ereignisse werden nicht unbegrenzt aufbewahrt.",
	noProbe:  "Godwit prüft den Empfänger nicht von selbst; dieser Webhook bleibt aus, bis er eingeschaltet wird.",
	probe:    "Godwit prüft den Empfänger wieder: %s%s. Sobald eine Prüfung gelingt, schaltet Godwit den Webhook ein und stellt zu, was zurückgehalten ist.",
	until:    ", und weiter bis %s",
	when: func(t time.Time) string {
		t = t.UTC()
		return fmt.Sprintf("%s, %d. %s %d, %s UTC", germanDays[t.Weekday()], t.Day(), germanMonths[t.Month()-1], t.Year(), t.Format("15:04"))
	},
	sendsTo: "Sendet an", offSince: "Aus seit", wasOffSince: "War aus seit", cause: "Ursache", causeWas: "Ursache war", toDo: "Was zu tun ist", itsID: "Kennung",
	open: "Webhook öffnen", footer: "Diese Nachricht geht an die Person, der dieser Webhook gehört.",
}

var (
	germanDays   = [...]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
	germanMonths = [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
)

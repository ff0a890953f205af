package mail

import (
	"fmt"
	"time"

	"godwit/internal/hook"
)

var polish = tongue{
	code: hook.Polish,
	kinds: map[Kind]saying{
		Deactivated: {
			"Webhook %s jest wyłączony",
			"Mimo wielu prób nie udało się dostarczyć zdarzeń do jednego z Twoich webhooków. Godwit wyłączył ten webhook.",
			"Gdy odbiorca znów działa, możesz też włączyć webhook samodzielnie: otwórz webhook i tam go włącz. Godwit najpierw sprawdzi odbiorcę.",
		},
		Recovered: {
			"Webhook %s znów działa",
			"Dobra wiadomość: odbiorca jednego z Twoich webhooków znów odpowiada. Godwit włączył ten webhook.",
			"Nie musisz nic robić.",
		},
		GaveUp: {
			"Webhook %s pozostaje wyłączony i wymaga uwagi",
			"Godwit wiele razy sprawdzał odbiorcę jednego z Twoich webhooków i ani razu nie dostał właściwej odpowiedzi. " +
				"Godwit przestał go sprawdzać, a ten webhook pozostaje wyłączony.",
			"Godwit sam nic więcej nie zrobi. Gdy odbiorca znów działa, otwórz webhook i tam go włącz. " +
				"Godwit sprawdzi odbiorcę i dostarczy to, co zatrzymano.",
		},
		Gone: {
			"Webhook %s jest wyłączony: odbiorcy już nie ma",
			"Odbiorca jednego z Twoich webhooków odpowiedział, że już go nie ma i nie chce więcej zdarzeń. Godwit wyłączył ten webhook.",
			"Godwit sam nic więcej nie zrobi. Jeśli odbiorca jednak istnieje, doprowadź go do porządku, otwórz webhook i tam go włącz. " +
				"Godwit sprawdzi odbiorcę i dostarczy to, co zatrzymano. Jeśli webhook nie jest już potrzebny, możesz go usunąć.",
		},
	},
	hello: "Dzień dobry", nameless: "bez nazwy",
	kept: func(held int) string {
		if held <= 0 {
			return "Nic nie przepadło: nowe zdarzenia dla tego webhooka są zatrzymywane."
		}
		return fmt.Sprintf(polishForm(held, "Nic nie przepadło: %d zdarzenie dla tego webhooka jest zatrzymane, nowe też będą.",
			"Nic nie przepadło: %d zdarzenia dla tego webhooka są zatrzymane, nowe też będą.",
			"Nic nie przepadło: %d zdarzeń dla tego webhooka jest zatrzymanych, nowe też będą."), held)
	},
	released: func(held int) string {
		if held <= 0 {
			return "Żadne zdarzenia nie czekały."
		}
		return fmt.Sprintf(polishForm(held, "Nic nie przepadło: %d zdarzenie było zatrzymane, Godwit właśnie je dostarcza.",
			"Nic nie przepadło: %d zdarzenia były zatrzymane, Godwit właśnie je dostarcza.",
			"Nic nie przepadło: %d zdarzeń było zatrzymanych, Godwit właśnie je dostarcza."), held)
	},
	dontWait: "Nie czekaj zbyt długo: zdarzenia nie są przechowywane bez końca.",
	noProbe:  "Godwit sam nie sprawdza odbiorcy; ten webhook pozostanie wyłączony, dopóki go nie włączysz.",
	probe:    "Godwit ponownie sprawdzi odbiorcę: %s%s. Gdy sprawdzenie się powiedzie, Godwit włączy webhook i dostarczy to, co zatrzymano.",
	until:    ", i dalej do: %s",
	when: func(t time.Time) string {
		t = t.UTC()
		return fmt.Sprintf("%s, %d %s %d, %s UTC", polishDays[t.Weekday()], t.Day(), polishMonths[t.Month()-1], t.Year(), t.Format("15:04"))
	},
	sendsTo: "Wysyła do", offSince: "Wyłączony od", wasOffSince: "Był wyłączony od", cause: "Przyczyna", causeWas: "Przyczyna", toDo: "Co zrobić", itsID: "Identyfikator",
	open: "Otwórz webhook", footer: "Otrzymujesz tę wiadomość, ponieważ ten webhook należy do Ciebie.",
}

var (
	polishDays   = [...]string{"niedziela", "poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota"}
	polishMonths = [...]string{"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"}
)

// polishForm picks the form of a noun that a number asks for: 1, then what ends in 2
// to 4 but for 12 to 14, then all others.
func polishForm(n int, one, few, many string) string {
	switch {
	case n == 1:
		return one
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return few
	}
	return many
}

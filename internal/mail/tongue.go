package mail

import (
	"fmt"
	"time"

	"godwit/internal/hook"
)

// tongue holds what letters say in one language. %s in a text is where the name in
// quotes, or a time, goes.
type tongue struct {
	code  string
	kinds map[Kind]saying

	hello, nameless string
	// kept and released tell how many events are, or were, held.
	kept, released func(held int) string
	dontWait       string
	noProbe        string
	probe, until   string
	when           func(time.Time) string

	sendsTo, offSince, wasOffSince, cause, causeWas, toDo, itsID string
	open, footer                                                 string
}

// saying is what a kind of letter says in particular; last is its last paragraph.
type saying struct{ subject, what, last string }

func tongueOf(language string) *tongue {
	switch language {
	case hook.German:
		return &german
	case hook.Polish:
		return &polish
	}
	return &english
}

var english = tongue{
	code: hook.English,
	kinds: map[Kind]saying{
		Deactivated: {
			"Webhook %s is switched off",
			"Events could not be delivered to one of your webhooks, again and again. Godwit has switched this webhook off.",
			"You can also switch the webhook on yourself when the receiver works again: open the webhook and switch it on there. " +
				"Godwit then tests the receiver first.",
		},
		Recovered: {
			"Webhook %s works again",
			"Good news: the receiver of one of your webhooks answers again. Godwit has switched this webhook on.",
			"There is nothing that you have to do.",
		},
		GaveUp: {
			"Webhook %s stays off and needs you",
			"Godwit has tested the receiver of one of your webhooks many times, and it never answered as it should. " +
				"Godwit has stopped testing it, and this webhook stays off.",
			"Godwit does nothing more by itself. When the receiver works again, " +
				"open the webhook and switch it on there. Godwit tests the receiver and then delivers what is held.",
		},
		Gone: {
			"Webhook %s is switched off: its receiver is gone",
			"The receiver of one of your webhooks said that it is gone for good and wants no more events. " +
				"Godwit has switched this webhook off.",
			"Godwit does nothing more by itself. If the receiver is not gone, have it put right, " +
				"then open the webhook and switch it on there. Godwit tests the receiver and then delivers what is held. " +
				"If you need the webhook no longer, you can delete it.",
		},
	},
	hello: "Hello", nameless: "without a name",
	kept: func(held int) string {
		switch {
		case held <= 0:
			return "Nothing is lost: new events for this webhook are held."
		case held == 1:
			return "Nothing is lost: 1 event is held for this webhook, and new ones will be held too."
		}
		return fmt.Sprintf("Nothing is lost: %d events are held for this webhook, and new ones will be held too.", held)
	},
	released: func(held int) string {
		switch {
		case held <= 0:
			return "No events were waiting for it."
		case held == 1:
			return "Nothing was lost: 1 event was held for it, and Godwit is delivering what it kept now."
		}
		return fmt.Sprintf("Nothing was lost: %d events were held for it, and Godwit is delivering what it kept now.", held)
	},
	dontWait: "Please don't wait too long: events are not kept without end.",
	noProbe:  "Godwit does not test the receiver by itself, so this webhook stays off until you switch it on.",
	probe:    "Godwit tests the receiver again on %s%s. As soon as a test succeeds, it switches the webhook on and delivers what is held.",
	until:    ", and keeps testing it until %s",
	when:     func(t time.Time) string { return t.UTC().Format("Monday, 2 January 2006, 15:04 UTC") },
	sendsTo:  "Sends to", offSince: "Off since", wasOffSince: "Was off since", cause: "Cause", causeWas: "The cause was", toDo: "What to do", itsID: "Its ID",
	open: "Open the webhook", footer: "You get this message because this webhook is yours.",
}

package hook

// Kind says what an id stands for.
type Kind string

// The kinds of things that users see some of. Each is the word that an error
// about an unknown id uses.
const (
	KindProject  Kind = "project"
	KindEvent    Kind = "event"
	KindWebhook  Kind = "webhook"
	KindDelivery Kind = "delivery"
	KindSession  Kind = "session"
	KindUser     Kind = "user"
	KindPlay     Kind = "play address"
	KindKey      Kind = "API key"
)

package hook

// TypeWords is what people read of an event type in one language. What is empty
// has no translation.
type TypeWords struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Group       string `json:"group,omitempty"`
}

// The languages that Godwit itself writes in.
const (
	English = "en"
	German  = "de"
	Polish  = "pl"
)

// Languages lists them; the first counts where nothing was chosen.
var Languages = []string{English, German, Polish}

// ChatWords are what a chat message says beside the event itself, fixed when the
// event was accepted.
type ChatWords struct {
	// Language is the owner's: one of Languages.
	Language string
	// Title is the event type's in that language; empty = it has none.
	Title string
}

// TitleIn gives the title in a language: its translation, else the English one,
// else the name.
func (t EventType) TitleIn(language string) string {
	for _, title := range []string{t.Translations[language].Title, t.Title, t.Name} {
		if title != "" {
			return title
		}
	}
	return ""
}

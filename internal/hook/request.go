package hook

// Request is the HTTP request of a delivery, as its owner may see it.
type Request struct {
	Method string
	URL    string
	// Headers hold [hidden] for the values of the webhook's own headers.
	Headers []Header
	// Body is whole, or its first MaxShownBody bytes where it is Truncated.
	Body      []byte
	Truncated bool
}

// MaxShownBody is how many bytes of a request's body are shown: any event of
// MaxEventBytes in any format, but not every combination of five of them.
const MaxShownBody = 1 << 20

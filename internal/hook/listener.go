package hook

import (
	"fmt"
	"regexp"
	"time"
)

// Listener is a webhook whose deliveries go down a stream of the API instead of to
// a URL: a program on its owner's machine reads the stream and answers for the
// receiver. While nobody reads the stream the webhook is off, so that what matches
// is held.
type Listener struct {
	WebhookID string
	OwnerID   string
	// Name tells the owner's listeners apart. The secret belongs to owner and name, and
	// is the same the next time.
	Name string
	// Retries: deliveries make up to MaxAttempts attempts; else they make one.
	Retries bool
	// Keep is how long the webhook stays after its stream has ended.
	Keep time.Duration
	// Stream names the stream that has the listener, or had it last; empty = none did.
	Stream string
	// Listening says that a stream has it now; Paused, that this stream wants nothing.
	Listening bool
	Paused    bool
}

// Opening says what becomes of a listener that is there already.
type Opening struct {
	// TakeOver: the stream that has it ends when another one begins; else it is
	// CodeConflict that one has it.
	TakeOver bool
	// AsIs: nothing of it is changed, whoever has it.
	AsIs bool
}

// Limits of listeners.
const (
	// MaxListeners is how many listeners a user has at a time.
	MaxListeners = 5
	// MaxOnTheWire is how many requests of one listener wait for their answers. The
	// others wait in the database.
	MaxOnTheWire = 50
	// ListenerTimeout bounds an attempt of a listener: the longest there is, because a
	// person may be stepping through the receiver.
	ListenerTimeout = 30 * time.Second
	// ListenerTestWait is how long a test of a listener is offered again that no client took:
	// a person starts the receiver, or godwit listen, after it.
	ListenerTestWait = 2 * time.Minute
	// StreamLease is how long a stream counts as open whose process says nothing more;
	// StreamRenewed is how often a process says that it is. The credential is looked at
	// as often.
	StreamLease   = 20 * time.Second
	StreamRenewed = 5 * time.Second
	// StreamGrace is how long after the end of its stream a listener still counts as
	// listening: a client that only lost its connection is back by then, and nothing
	// is held for that.
	StreamGrace = 3 * time.Second
	// DefaultKeep and MaxKeep are how long a listener stays after its stream has ended.
	DefaultKeep = time.Minute
	MaxKeep     = 24 * time.Hour
	// MaxListenerNames is how many names of one user have a secret; the one that was
	// not used for longest is forgotten.
	MaxListenerNames = 50
	// MaxStreamError bounds what a client says about a request that failed, in bytes.
	MaxStreamError = 500
)

var listenerName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ValidListenerName says whether a listener may have the name, which is a label of
// a host name.
func ValidListenerName(name string) bool { return listenerName.MatchString(name) }

// ListenerURL stands for the URL of a listener's webhook. Names below .invalid lead
// nowhere (RFC 6761), also for a process that knows no listeners yet.
func ListenerURL(name string) string { return fmt.Sprintf("https://%s.listener.invalid/", name) }

// NotListener is CodeConflict for the webhook of a listener, which only its stream
// and POST /v1/listeners change.
func (w Webhook) NotListener() error {
	if w.Listener == "" {
		return nil
	}
	return Errorf(CodeConflict, "the webhook belongs to the listener %q: its stream switches it on and off, and POST /v1/listeners changes it", w.Listener)
}

// StreamRequest is a request that a stream carries to its client.
type StreamRequest struct {
	WebhookID  string
	DeliveryID string
	// Attempt is what the header Godwit-Attempt says.
	Attempt int
	Headers []Header
	Body    []byte
	// Timeout is how long the answer is waited for.
	Timeout time.Duration
}

// Key names the request on its stream.
func (r StreamRequest) Key() string { return StreamKey(r.DeliveryID, r.Attempt) }

// StreamKey is the name of a request on its stream.
func StreamKey(deliveryID string, attempt int) string {
	return fmt.Sprintf("%s.%d", deliveryID, attempt)
}

// StreamAnswer is what a client says about a request.
type StreamAnswer struct {
	DeliveryID string `json:"-"`
	Attempt    int    `json:"-"`
	// StatusCode is 0 where the receiver gave no answer: Error says why, and Reason is
	// what that is called.
	StatusCode int           `json:"status_code,omitempty"`
	Headers    []Header      `json:"headers,omitempty"`
	Body       []byte        `json:"body,omitempty"`
	Duration   time.Duration `json:"duration,omitempty"`
	Error      string        `json:"error,omitempty"`
	Reason     Reason        `json:"reason,omitempty"`
	// Returned: the client did not make the request and wants it later. It uses up no
	// attempt.
	Returned bool `json:"returned,omitempty"`
}

// Exchanged is the end of a request on its stream. The zero value is that no client
// took it.
type Exchanged struct {
	// Answer is nil where there is none.
	Answer *StreamAnswer
	// Heard: there is no answer, and the client had the request for long enough.
	Heard bool
	// Gone: there is no answer, because the listener was removed.
	Gone bool
}

// StreamReasons are the reasons that a client may give.
var StreamReasons = []Reason{ReasonConnectRefused, ReasonConnect, ReasonConnectTimeout, ReasonTimeoutHeaders, ReasonTimeoutBody, ReasonReset, ReasonProtocol, ReasonTLS}

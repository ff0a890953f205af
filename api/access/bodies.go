package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"godwit/internal/hook"
)

// Bounds of request bodies in memory. A request costs several times its body
// until it is answered.
const (
	// freeBody of each body is not counted: it is what most requests have.
	freeBody = 64 << 10
	// bodyRoom is for all other bytes of the bodies in this process, and bodyShare of
	// it for one user or key.
	bodyRoom  = 24 << 20
	bodyShare = bodyRoom / 3
	// bodyPatience is how long a request waits for others to end, in all, and bodyPause
	// how long a client may send nothing.
	bodyPatience = 2 * time.Second
	bodyPause    = 10 * time.Second
)

// userBytes is how much a user may send, and have kept for idempotency keys: 2.8 GiB a
// day. What a user sends is stored, and for a while once more in the audit log.
var userBytes = Allowance{Name: "bytes", PerSecond: 32 << 10, Burst: 64 << 20}

// Bodies counts the bytes of request bodies from when they arrive until they are
// answered. It is safe for concurrent use.
type Bodies struct {
	mu    sync.Mutex
	all   int
	of    map[string]int // by user or key
	freed chan struct{}  // closed at the next end of a request
	sent  Memory[*rate.Limiter]
}

// NewBodies makes Bodies with all their room.
func NewBodies() *Bodies {
	return &Bodies{of: map[string]int{}, freed: make(chan struct{}), sent: NewMemory[*rate.Limiter]()}
}

// charge counts bytes that a user has sent or has kept.
func (b *Bodies) charge(ctx context.Context, n int) {
	if user := hook.PrincipalOf(ctx).UserID; user != "" {
		b.sent.Of(user, userBytes.Limiter).ReserveN(time.Now(), min(n, userBytes.Burst))
	}
}

// spent is the error of a user who has sent too much.
func (b *Bodies) spent(ctx context.Context) error {
	user := hook.PrincipalOf(ctx).UserID
	if user == "" {
		return nil
	}
	if left := b.sent.Of(user, userBytes.Limiter).Tokens(); left <= 0 {
		return rateLimited(fmt.Sprintf("The requests of this user hold too much: %d MiB at once, and then %d KiB a second.", userBytes.Burst>>20, int(userBytes.PerSecond)>>10),
			userBytes.until(left, 64<<10))
	}
	return nil
}

// Body is what one request has been counted for.
type Body struct {
	bodies *Bodies
	who    string
	n      int
	waited time.Duration // for others to end
	raw    []byte        // once it is whole
	whole  bool
}

const bodyKey = "body"

// Count has the request's bytes counted until it is answered.
func (b *Bodies) Count(c *gin.Context) {
	one := &Body{bodies: b}
	c.Set(bodyKey, one)
	defer one.End()
	c.Next()
}

// BodyOf gives the body that Count counts.
func BodyOf(c *gin.Context, who string) *Body {
	one := c.MustGet(bodyKey).(*Body) //nolint:forcetypeassert // Count has put it there
	one.who = who
	return one
}

// Receive reads the request's body, of at most limit bytes, and counts it to its sender.
// unpack has it unpacked as its header says. Of one that was read it gives the same
// bytes again.
func (b *Body) Receive(ctx context.Context, c *gin.Context, limit int64, unpack bool) ([]byte, error) {
	if b.whole {
		return b.raw, nil
	}
	if err := b.bodies.spent(ctx); err != nil {
		return nil, err
	}
	arriving := newArriving(c.Writer, c.Request.Body)
	sent := http.MaxBytesReader(c.Writer, io.NopCloser(arriving), limit)
	coding := ""
	if unpack {
		coding = contentCoding(c.Request.Header)
	}
	var raw []byte
	var err error
	switch coding {
	case "", "identity":
		raw, err = b.read(ctx, sent, min(c.Request.ContentLength, limit))
	case "gzip", "x-gzip":
		raw, err = unzip(sent, limit, func(z io.Reader) ([]byte, error) { return b.read(ctx, z, 0) })
	default:
		err = ErrCoding
	}
	if err != nil {
		return nil, err
	}
	arriving.end()
	b.raw, b.whole = raw, true
	b.bodies.charge(ctx, len(raw))
	return raw, nil
}

// Charge counts bytes that are kept for the body's sender.
func (b *Body) Charge(ctx context.Context, n int) { b.bodies.charge(ctx, n) }

// grow counts n more bytes, and waits for room.
func (b *Body) grow(ctx context.Context, n int) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, bodyPatience-b.waited)
	defer func() { cancel(); b.waited += time.Since(began) }()
	for {
		freed := b.bodies.take(b, n)
		if freed == nil {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return ErrNoRoom
		}
	}
}

// ErrNoRoom says that too many bytes of bodies are in memory.
var ErrNoRoom error = &hook.Error{Code: hook.CodeUnavailable, Wait: time.Second, Message: fmt.Sprintf(
	"Too many large bodies are being read here: there is room for %d MiB in all, and for %d MiB of one key or user. Send it again, or in smaller parts one after another.", bodyRoom>>20, bodyShare>>20)}

// take counts n more bytes, or gives what says that there may be room again.
func (b *Bodies) take(one *Body, n int) (freed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// One that is alone always gets on, however large it is.
	if b.all > one.n && b.all+n > bodyRoom || b.of[one.who] > one.n && b.of[one.who]+n > bodyShare {
		return b.freed
	}
	b.all += n
	b.of[one.who] += n
	one.n += n
	return nil
}

// End gives back what was counted; a second call does nothing.
func (b *Body) End() {
	b.raw = nil
	if b.n == 0 {
		return
	}
	all := b.bodies
	all.mu.Lock()
	defer all.mu.Unlock()
	all.all -= b.n
	if all.of[b.who] -= b.n; all.of[b.who] == 0 {
		delete(all.of, b.who)
	}
	b.n = 0
	close(all.freed)
	all.freed = make(chan struct{})
}

// read reads r to its end. The memory grows with what arrives, not with what was
// announced; announced, if it is more than nothing, is only not exceeded.
func (b *Body) read(ctx context.Context, r io.Reader, announced int64) ([]byte, error) {
	raw := make([]byte, 0, 4<<10)
	counted := freeBody
	for {
		if len(raw) == cap(raw) {
			next := 2 * cap(raw)
			if announced > 0 && int(announced) >= len(raw) {
				next = min(next, int(announced)+1) // one more, to see the end
			}
			if next > counted {
				if err := b.grow(ctx, next-counted); err != nil {
					return nil, err
				}
				counted = next
			}
			raw = append(make([]byte, 0, next), raw...)
		}
		n, err := r.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		switch {
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return nil, err
		}
	}
}

// BodyTimeout is how long a whole request may take to arrive: a batch of 8 MiB
// over a slow line.
const BodyTimeout = 30 * time.Second

// arriving is a request's body that may pause for so long, and takes no longer
// than the server's limit in all.
type arriving struct {
	from    io.Reader
	control *http.ResponseController
	until   time.Time
}

func newArriving(w http.ResponseWriter, from io.Reader) *arriving {
	return &arriving{from, http.NewResponseController(w), time.Now().Add(BodyTimeout)}
}

func (a *arriving) Read(p []byte) (int, error) {
	next := time.Now().Add(bodyPause)
	if next.After(a.until) {
		next = a.until
	}
	_ = a.control.SetReadDeadline(next) // what is no connection has none
	return a.from.Read(p)
}

// end takes the limit away once all has arrived: it would end a request that is
// being carried out.
func (a *arriving) end() { _ = a.control.SetReadDeadline(time.Time{}) }

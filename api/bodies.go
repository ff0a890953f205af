package api

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
var userBytes = allowance{name: "bytes", perSecond: 32 << 10, burst: 64 << 20}

// bodies counts the bytes of request bodies from when they arrive until they are
// answered. It is safe for concurrent use.
type bodies struct {
	mu    sync.Mutex
	all   int
	of    map[string]int // by user or key
	freed chan struct{}  // closed at the next end of a request
	sent  memory[*rate.Limiter]
}

func newBodies() *bodies {
	return &bodies{of: map[string]int{}, freed: make(chan struct{}), sent: newMemory[*rate.Limiter]()}
}

// charge counts bytes that a user has sent or has kept.
func (b *bodies) charge(ctx context.Context, n int) {
	if user := hook.PrincipalOf(ctx).UserID; user != "" {
		b.sent.of(user, userBytes.limiter).ReserveN(time.Now(), min(n, userBytes.burst))
	}
}

// spent is the problem of a user who has sent too much; nil = there is none.
func (b *bodies) spent(ctx context.Context) *problem {
	user := hook.PrincipalOf(ctx).UserID
	if user == "" {
		return nil
	}
	if left := b.sent.of(user, userBytes.limiter).Tokens(); left <= 0 {
		return rateLimited(fmt.Sprintf("The requests of this user hold too much: %d MiB at once, and then %d KiB a second.", userBytes.burst>>20, int(userBytes.perSecond)>>10),
			userBytes.until(left, 64<<10))
	}
	return nil
}

// body is what one request has been counted for.
type body struct {
	bodies *bodies
	who    string
	n      int
	waited time.Duration // for others to end
	raw    []byte        // once it is whole
	whole  bool
}

const bodyKey = "body"

// countBody has the request's bytes counted until it is answered.
func (b *bodies) countBody(c *gin.Context) {
	one := &body{bodies: b}
	c.Set(bodyKey, one)
	defer one.end()
	c.Next()
}

// bodyOf gives the body that countBody counts.
func bodyOf(c *gin.Context, who string) *body {
	one := c.MustGet(bodyKey).(*body) //nolint:forcetypeassert // countBody has put it there
	one.who = who
	return one
}

// grow counts n more bytes, and waits for room.
func (b *body) grow(ctx context.Context, n int) error {
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
			return errNoRoom
		}
	}
}

// errNoRoom says that too many bytes of bodies are in memory.
var errNoRoom = errors.New("no room for the body")

// take counts n more bytes, or gives what says that there may be room again.
func (b *bodies) take(one *body, n int) (freed <-chan struct{}) {
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

// end gives back what was counted; a second call does nothing.
func (b *body) end() {
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
func (b *body) read(ctx context.Context, r io.Reader, announced int64) ([]byte, error) {
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

// arriving is a request's body that may pause for so long, and takes no longer
// than the server's limit in all.
type arriving struct {
	from    io.Reader
	control *http.ResponseController
	until   time.Time
}

func newArriving(w http.ResponseWriter, from io.Reader) *arriving {
	return &arriving{from, http.NewResponseController(w), time.Now().Add(bodyTimeout)}
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

// noRoom is the problem of a body that there is no room for.
func noRoom() *problem {
	p := newProblem(string(hook.CodeUnavailable), fmt.Sprintf(
		"Too many large bodies are being read here: there is room for %d MiB in all, and for %d MiB of one key or user. Send it again, or in smaller parts one after another.", bodyRoom>>20, bodyShare>>20))
	p.wait = time.Second
	return p
}

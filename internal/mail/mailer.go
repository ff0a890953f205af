package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"
)

// Mailer sends notices. It holds no connection and may be used by several
// goroutines at once.
type Mailer struct {
	server  server
	from    *netmail.Address
	public  *url.URL // nil = no links
	timeout time.Duration
	now     func() time.Time
}

// Send sends one notice, and is done when the mail server has taken it over.
// Permanent says whether an error is final. After any other error the message
// may have arrived nevertheless, when the connection was lost at its very end.
// A time that is up, and a context that ended, can be told by errors.Is.
func (m *Mailer) Send(ctx context.Context, n Notice) error {
	e, err := m.pack(n)
	if err != nil {
		return fmt.Errorf("write mail %s: %w", n.ID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	err = m.server.deliver(ctx, e)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !Permanent(err):
		return fmt.Errorf("send mail %s: %w: %w", n.ID, ctx.Err(), err)
	default:
		return fmt.Errorf("send mail %s: %w", n.ID, err)
	}
}

// envelope is a message that is ready for the server.
type envelope struct {
	from, to string // bare addresses
	content  []byte
}

// pack makes the whole message, so that nothing but the network and the server
// can go wrong once it is under way.
func (m *Mailer) pack(n Notice) (envelope, error) {
	if n.ID == "" {
		return envelope{}, permanent(errors.New("it has no ID"))
	}
	to, err := recipient(n)
	if err != nil {
		return envelope{}, err
	}
	l, err := m.write(n)
	if err != nil {
		return envelope{}, err
	}
	text, html, err := l.render()
	if err != nil {
		return envelope{}, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(to)
	msg.Subject(l.Subject)
	msg.SetDateWithValue(m.now().UTC())
	msg.SetMessageIDWithValue(messageID(n.ID, m.from.Address))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	var content bytes.Buffer
	if _, err := msg.WriteTo(&content); err != nil {
		return envelope{}, err
	}
	return envelope{from: m.from.Address, to: to.Address, content: content.Bytes()}, nil
}

// recipient is the owner's address, with a domain that every server knows.
func recipient(n Notice) (*netmail.Address, error) {
	to, err := netmail.ParseAddress(n.To)
	if err != nil {
		return nil, permanent(errors.New("the owner's address is not valid")) // the address stays out of logs
	}
	if at := strings.LastIndexByte(to.Address, '@'); !ascii(to.Address[at:]) {
		domain, err := idna.Lookup.ToASCII(to.Address[at+1:])
		if err != nil {
			return nil, permanent(errors.New("the domain of the owner's address is not valid"))
		}
		to.Address = to.Address[:at+1] + domain
	}
	to.Name = line(n.ToName, bodyName)
	return to, nil
}

// dotAtom is what may stand left of the @ as it is.
var dotAtom = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// messageID depends on the notice and the sender's domain alone.
func messageID(id, from string) string {
	if len(id) > 128 || !dotAtom.MatchString(id) {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:])
	}
	return id + from[strings.LastIndexByte(from, '@'):]
}

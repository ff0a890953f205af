package mail

import (
	"errors"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// DefaultTimeout bounds one Send when Options name no time of their own.
const DefaultTimeout = 30 * time.Second

// Options say how mail is sent.
type Options struct {
	// SMTPURL is smtp://[user:password@]host[:587] or smtps://…[:465]. Special
	// characters of user and password are percent-encoded. With smtp, STARTTLS is
	// used when the server offers it, and required when a user is given, unless
	// the host is a loopback one.
	SMTPURL string
	// From is the sender, such as Godwit <godwit@example.com>.
	From string
	// PublicURL is the base of links; empty = no links.
	PublicURL string
	// Timeout bounds one Send, all of it; zero = DefaultTimeout.
	Timeout time.Duration
	// Now is the date of a mail; nil = this machine's time.
	Now func() time.Time
}

// New checks the options. It does not speak to the server. Errors name the
// environment variable and hold no value, since one of them holds a password.
func New(o Options) (*Mailer, error) {
	server, err := parseServer(o.SMTPURL)
	if err != nil {
		return nil, err
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil || !ascii(from.Address) {
		return nil, errors.New("GODWIT_MAIL_FROM must be an address such as Godwit <godwit@example.com>, with a domain in its ASCII form")
	}
	public, err := parsePublic(o.PublicURL)
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Mailer{now: o.Now, server: server, from: from, public: public, timeout: o.Timeout}, nil
}

// parseServer never wraps what url.Parse says: it quotes the URL.
func parseServer(raw string) (server, error) {
	const form = "GODWIT_SMTP_URL must be smtp://[user:password@]host[:port] or smtps://…, with special characters of user and password percent-encoded"
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return server{}, errors.New(form)
	}
	s := server{host: u.Hostname(), port: u.Port(), loopback: loopback(u.Hostname()), dial: new(net.Dialer).DialContext}
	standard := ""
	switch u.Scheme {
	case "smtp":
		standard = "587"
	case "smtps":
		standard, s.tlsFromStart = "465", true
	default:
		return server{}, errors.New(form)
	}
	s.port = firstOf(s.port, standard)
	if n, err := strconv.ParseUint(s.port, 10, 16); err != nil || n == 0 {
		return server{}, errors.New("GODWIT_SMTP_URL must have a port from 1 to 65535, or none")
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
		if s.user == "" || s.password == "" {
			return server{}, errors.New("GODWIT_SMTP_URL must have both a user and a password, or neither")
		}
	}
	return s, nil
}

func parsePublic(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("GODWIT_PUBLIC_URL must be http(s)://host[:port][/path]")
	}
	return u, nil
}

// loopback says whether what is sent to a host stays on this machine.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

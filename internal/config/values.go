package config

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// parseError is a message of this package's own parsers; it holds no value.
type parseError string

func (e parseError) Error() string { return string(e) }

// Waits is a comma-separated list of durations above zero, such as 5s,30s.
type Waits []time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *Waits) UnmarshalText(text []byte) error {
	*w = nil
	for part := range strings.SplitSeq(string(text), ",") {
		d, err := time.ParseDuration(strings.TrimSpace(part))
		if err != nil || d <= 0 {
			return parseError("must be a comma-separated list of durations above zero, such as 5s,30s,2m,10m")
		}
		*w = append(*w, d)
	}
	return nil
}

// Keyring is a comma-separated list of base64 keys of 32 bytes.
type Keyring [][]byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Keyring) UnmarshalText(text []byte) error {
	*k = nil
	for part := range strings.SplitSeq(string(text), ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil || len(key) != 32 {
			return parseError("must be 32 bytes in base64 (openssl rand -base64 32), or a comma-separated list of such keys")
		}
		*k = append(*k, key)
	}
	return nil
}

// Prefixes is a comma-separated list of networks in CIDR form.
type Prefixes []netip.Prefix

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Prefixes) UnmarshalText(text []byte) error {
	*p = nil
	for part := range strings.SplitSeq(string(text), ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return parseError("must be a comma-separated list of networks such as 10.1.0.0/16")
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// Hosts is a comma-separated list of host names; "*." at the beginning stands for
// all names below.
type Hosts []string

var hostForm = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hosts) UnmarshalText(text []byte) error {
	*h = nil
	for part := range strings.SplitSeq(string(text), ",") {
		name := strings.TrimSpace(part)
		if !hostForm.MatchString(name) {
			return parseError("must be a comma-separated list of host names without ports, such as godwit.example.com or *.svc.cluster.local")
		}
		*h = append(*h, name)
	}
	return nil
}

// Proxy is the URL of a proxy: http or https, a host, perhaps a user and a
// password, and nothing else.
type Proxy url.URL

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Proxy) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return parseError("must be the URL of a proxy without a path, such as http://proxy.example.com:3128 or https://user:password@proxy.example.com")
	}
	*p = Proxy(*u)
	return nil
}

// Rate is a number per second, 0 to 1,000,000.
type Rate int

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > 1_000_000 {
		return parseError("must be a whole number of requests a second, up to 1000000; 0 = any number")
	}
	*r = Rate(n)
	return nil
}

// Count is a number of things or of bytes, 0 to 10^12.
type Count int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Count) UnmarshalText(text []byte) error {
	digits, unit := string(text), int64(1)
	for i, suffix := range []string{"KiB", "MiB", "GiB"} {
		if rest, ok := strings.CutSuffix(digits, suffix); ok {
			digits, unit = rest, 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > maxCount/unit {
		return parseError("must be a whole number up to 1000000000000, perhaps with KiB, MiB or GiB behind it; 0 = any number")
	}
	*c = Count(n * unit)
	return nil
}

const maxCount = 1_000_000_000_000

// Days is a duration that may also be written in days, such as 30d.
type Days time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Days) UnmarshalText(text []byte) error {
	s := string(text)
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseUint(n, 10, 16)
		if err != nil || days == 0 {
			return parseError("must be a number of days above zero, such as 30d")
		}
		*d = Days(time.Duration(days) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return parseError("must be a duration above zero, such as 30d or 720h")
	}
	*d = Days(v)
	return nil
}
